"""Which logs a witness follows, by the Party files it trusts: all of every node, with the keys that are in force.

A log that the roots ended is still shown to monitors, but nothing beyond its end is cosigned, whoever signed it.
Left to others: whose Party files are trusted (`comity.package.anchors`), cosigning (`comity.tlog.witness`).
"""

from __future__ import annotations

from comity.docket.directory import Directory
from comity.node.auditor.source import HttpSource, LogSource
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import NoteVerifier


def followed(directory: Directory) -> dict[str, list[NoteVerifier]]:
    """Each log's origin with its keys: those in force, all of a log that has ended."""
    logs = [log for node in directory.nodes() for log in node.logs]
    return {log.origin: [verifier_for(v) for v in (log.vkeys if log.end else log.signing_vkeys)] for log in logs}


def ended(directory: Directory) -> dict[str, int]:
    """How many leaves count of each log that was ended."""
    return {log.origin: log.end.size for node in directory.nodes() for log in node.logs if log.end is not None}


def later(directory: Directory) -> dict[str, tuple[str, ...]]:
    """The logs that follow each log of a node, so that the key of a past year is of no use to a thief."""
    nodes = list(directory.nodes())
    return {origin: node.origins[place + 1 :] for node in nodes for place, origin in enumerate(node.origins)}


def sources(directory: Directory) -> dict[str, LogSource]:
    """Where each log is read: at its node, by the log's number."""
    return {
        log.origin: HttpSource(f"{node.url.rstrip('/')}/logs/{number}")
        for node in directory.nodes()
        for number, log in enumerate(node.logs)
    }
