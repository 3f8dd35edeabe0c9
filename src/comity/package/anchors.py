"""Anchors: what a verifier trusts before opening anything. One TOML file that can be compared by telephone.

It holds each Party's root (one key, or several of whom some must sign; where given, the least version of its Party file
that counts) and, for each log, a
C2SP tlog-policy: the log's key and the witnesses whose cosignatures this verifier asks for. Beside each key and policy
stands a fingerprint in digits, which two people can read to each other in any language; a file whose fingerprints do
not fit its keys is refused.

Left to others: where a lawyer gets the digits to compare with (the Party's official journal, a telephone call);
what a policy is worth (`comity.tlog.policy_lint`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.digest import length_prefixed
from comity.signing.keys import PublicKey
from comity.signing.roots import Root, read_root, roots_of
from comity.tlog.policy import MAX_POLICY, NONE, Policy

FORMAT = "comity-anchors/1"
LARGEST = 4 * MAX_POLICY
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_COMPARE = "Obtain the anchors again and compare the fingerprints by telephone before relying on them."
_HEADER = """\
# What this verifier trusts. Before relying on it, compare each fingerprint with its owner, by telephone or in person:
# the Party's root with the Party's central authority, the policy of a log with the oversight bodies that cosign it.
"""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Party code to root key; log origin to policy text. Raises Malformed for anything that could prove nothing.

    ``least_versions``: for a Party's code, the lowest version of its Party file that counts; any, when not named.
    """

    parties: Mapping[str, Root]
    policies: Mapping[str, str]
    least_versions: Mapping[str, int] = field(default_factory=dict)
    _parsed: dict[str, Policy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for code in self.parties:
            if _CODE.fullmatch(code) is None:
                raise Malformed(f"{code!r} is not the code of a Party.", "Use two capital letters, as in ISO 3166-1.")
        kids = [kid for root in self.parties.values() for kid in roots_of(root).kids]
        if len(set(kids)) != len(kids):
            raise Malformed("Two Parties have the same root key.", _COMPARE)
        object.__setattr__(self, "_parsed", {origin: _parse(origin, text) for origin, text in self.policies.items()})

    def policy(self, origin: str) -> Policy:
        """The policy for a log; Unverified when the verifier trusts no such log."""
        if origin not in self._parsed:
            raise Unverified(f"The log {origin} is not among the anchors.", "If you trust it, add its policy to them.")
        return self._parsed[origin]

    def check_version(self, party: str, version: int) -> None:
        """Unverified when a Party file is older than these anchors allow: it could hide a revocation."""
        least = self.least_versions.get(party, 0)
        if version < least:
            raise Unverified(
                f"The Party file of {party} has version {version}; the anchors ask for {least} or later.",
                f"Obtain {party}'s newest file; for a package, ask for it to be made again with that file.",
            )

    def fingerprints(self) -> tuple[tuple[str, str], ...]:
        """Each anchor's name and fingerprint, in the order of the file."""
        roots = [(f"Party {code}", _root_digits(code, root)) for code, root in sorted(self.parties.items())]
        logs = [(f"log {o}", fingerprint("policy", o, text.encode())) for o, text in sorted(self.policies.items())]
        return (*roots, *logs)


def _parse(origin: str, text: str) -> Policy:
    policy = Policy.parse(text)
    if policy.quorum == NONE:
        raise Malformed(f"The policy for {origin} asks for no witness.", "Name a quorum of witnesses in it.")
    if origin not in {log.vkey.name for log in policy.logs}:
        raise Malformed(f"The policy for {origin} does not name that log.", "Add the log's verifier key to it.")
    return policy


def fingerprint(kind: str, name: str, data: bytes) -> str:
    """Fifty decimal digits in ten groups (166 bits of a SHA-256), to be read aloud. ``kind``: root or policy.

    The name is in it too, so that no key passes for that of another Party or log.
    """
    hashed = sha256(length_prefixed(b"comity-anchor/v1\0", kind.encode(), name.encode(), data))
    number = int.from_bytes(hashed.digest(), "big") % 10**50
    digits = f"{number:050d}"
    return " ".join(digits[i : i + 5] for i in range(0, 50, 5))


def _root_digits(code: str, root: Root) -> str:
    """The fingerprint of one key, or of all holders' keys and how many must sign."""
    return fingerprint("root", code, root.raw if isinstance(root, PublicKey) else root.to_text().encode())


class _Root(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    root: str
    fingerprint: str
    least_version: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    policy: str
    fingerprint: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    parties: dict[str, _Root]
    logs: dict[str, _Log]


def read_anchors(text: str | bytes) -> Anchors:
    """The anchors in a TOML text, or in its UTF-8 bytes.

    Malformed with the next step when anything is unknown, missing or does not fit.
    """
    file = _decode(text)
    if file.format != FORMAT:
        raise Malformed(f"These are anchors of the form {file.format!r}.", f"This version reads {FORMAT!r}.")
    if not file.parties or not file.logs:
        raise Malformed("The anchors name no Party or no log, so they prove nothing.", "Add [parties.XX] and [logs.…].")
    parties = {code: read_root(part.root) for code, part in file.parties.items()}
    least = {code: part.least_version for code, part in file.parties.items() if part.least_version is not None}
    anchors = Anchors(parties, {origin: log.policy for origin, log in file.logs.items()}, least)
    written = [p.fingerprint for _, p in sorted(file.parties.items())]
    written += [p.fingerprint for _, p in sorted(file.logs.items())]
    for (name, right), stated in zip(anchors.fingerprints(), written, strict=True):
        if stated != right:
            raise Malformed(f"The fingerprint of the {name} is {right}, not what the file says.", _COMPARE)
    return anchors


def _decode(text: str | bytes) -> _File:
    if len(text) > LARGEST:
        raise Malformed(f"The anchors have more than {LARGEST} bytes.", _COMPARE)
    try:
        decoded: dict[str, Any] = tomllib.loads(text if isinstance(text, str) else text.decode("utf-8"))
        return msgspec.convert(decoded, _File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Malformed(f"The anchors are not TOML: {wrong}.", "Mend that place, or export them again.") from wrong
    except msgspec.ValidationError as wrong:
        raise Malformed(f"The anchors cannot be read: {wrong}.", "Mend that place, or export them again.") from wrong


def write_anchors(anchors: Anchors) -> str:
    """The TOML text that `read_anchors` reads, fingerprints included."""
    marks = dict(anchors.fingerprints())
    parts = [_HEADER + f'format = "{FORMAT}"\n']
    for code, root in sorted(anchors.parties.items()):
        least = anchors.least_versions.get(code)
        bound = f"least_version = {least}\n" if least is not None else ""
        parts.append(f'[parties.{code}]\nroot = "{root.to_text()}"\nfingerprint = "{marks[f"Party {code}"]}"\n{bound}')
    for origin, text in sorted(anchors.policies.items()):
        mark = marks[f"log {origin}"]
        parts.append(f'[logs.{_basic(origin)}]\nfingerprint = "{mark}"\npolicy = """\n{_escaped(text)}"""\n')
    return "\n".join(parts)


def _basic(text: str) -> str:
    return '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    """The text inside a TOML basic string; policies hold no control characters but tab and newline."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
