"""The READ-ME of a package: how a person checks it without trusting whoever made it, or this program.

Left to others: the check itself (`comity.package.check`).
"""

from __future__ import annotations

_TEXT = """\
EVIDENCE PACKAGE {docket}
Made by the node {made_by} on {made_at}.

What this is
  The acts of one request for legal assistance between two countries, each with its signatures and with the proof that
  it stands in the public logs of both sides; the evidence that was handed over; and what a program needs to check all
  of it again: which safeguards the law demanded, and whether each was kept.

How to check it, in one step
  comity verify PACKAGE.zip --anchors ANCHORS.toml
  It needs no network. The anchors are what YOU trust: each country's root key and the witnesses of each log. Do not
  take them from whoever gave you this package. Compare the fingerprints in that file with their owners, by telephone.

How to check it without our program
  1. The files. In this folder:   sha256sum -c manifest-sha256.txt    (BagIt 1.0, RFC 8493)
  2. The countries' files, data/parties/XX.json: JSON web signatures (RFC 7515, EdDSA) by each country's root key. The
     payload names the authorities, the keys of nodes and officials, and the root of the judiciary. A judge counts only
     if the judiciary's root signed the credential.
  3. An act, data/records/NNN-step.json: canonical JSON (RFC 8785).
     Its identifier is the SHA-256 of the canonical form of "record".
     Each section of its content: SHA-256, in base64url, of "comity-section/v1", a zero byte, and then salt, name and
       canonical value, each after its length in 8 bytes, big-endian. It must equal the value under record.sections.
     The hand is an Ed25519 signature (RFC 8032) over "comity-hand/v1", a zero byte and the identifier.
     The seal is a detached JSON web signature over the canonical form of {{"hand": ..., "record": ...}}.
  4. Its place in a log, data/logged/NNN-log.tlog-proof: a C2SP tlog-proof, read by the programs of others too. The leaf
     stands in "extra". Its third line is, in base64, the SHA-256 of "act-commit/v1", a zero byte, the salt, the kind
     after its length (1 byte), the act and the signatures, each after its length (8 bytes). The act is the canonical
     form of {{"findings": ..., "record": ...}}, the signatures that of {{"hand": ..., "seal": ...}}; salt, kind and
     findings stand in the .json beside the proof.
  5. Completeness: manifest.seal is a detached JSON web signature by the node that made the package over the canonical
     form of {{"format": "comity-package-seal/1", "manifest": SHA-256 of manifest-sha256.txt}}.
  6. The law: each finding names its provision. Read the provision; judge for yourself.

What it does not prove
  That what people wrote in it is true. And if both sides and all their oversight bodies lie together, nothing here
  can show it.
"""


def read_me(docket: str, made_by: str, made_at: str) -> bytes:
    """``data/READ-ME.txt``, in UTF-8."""
    return _TEXT.format(docket=docket, made_by=made_by, made_at=made_at).encode()
