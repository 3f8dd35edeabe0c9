"""What is published of every unsealed leaf: its kind, and the blinding that opens its count commitment to that kind.

Files of lines beside the tiles, the n-th line for the n-th `unseal` leaf of the log, 256 to a file: ``unsealed/<N>``
and ``unsealed/<N>.p/<W>``, named as tiles are. Padding is among them: anyone sees that it was nothing. From the
blinding no salt follows, so nothing of the act is opened but its kind.

    <position> <position of the unseal leaf> <kind> <base64 of the 32-byte blinding>

or ``-`` where the node lost what opens the leaf.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from comity.errors import Malformed, Unverified
from comity.tlog.counting import KINDS_COUNTED, commit_count
from comity.tlog.encoding import decode_base64, decode_decimal, encode_base64
from comity.tlog.group import ORDER, decode_scalar, encode_scalar
from comity.tlog.tiles import WIDTH, entries_path, parse_tile_path

MAX_FILE = WIDTH * 128
_LINE = re.compile(r"([0-9]{1,19}) ([0-9]{1,19}) ([a-z-]{1,40}) ([A-Za-z0-9+/]{43}=)", re.ASCII)
_LOST = "-"
_ASK = "Ask the node for it again; if it stays so, tell oversight."


@dataclass(frozen=True)
class Unsealed:
    """What the leaf at ``position`` counted as, unsealed by the leaf at ``by``."""

    position: int
    by: int
    kind: str
    blinding: int

    def encode(self) -> str:
        """Its line, without the end of line."""
        return f"{self.position} {self.by} {self.kind} {encode_base64(encode_scalar(self.blinding))}"

    def check(self, ref: int | None, by: int, count: bytes | None) -> None:
        """Raises Unverified unless it opens ``count``, which the leaf ``ref`` bears and the leaf ``by`` unsealed."""
        if (self.position, self.by) != (ref, by):
            raise Unverified(f"The opening is of leaf {self.position}, not of {ref}, which leaf {by} unsealed.", _ASK)
        if count is None or commit_count(self.kind, self.blinding) != count:
            raise Unverified(f"Leaf {ref} was not counted as {self.kind!r}: the opening is false.", _ASK)


def unsealed_path(index: int, width: int = WIDTH) -> str:
    """Path of a file of openings. Raises Malformed."""
    return entries_path(index, width).replace("tile/entries/", "unsealed/")


def parse_unsealed_path(path: str) -> tuple[int, int]:
    """Index and width of a file of openings; each file has one path. Raises Malformed."""
    tile = parse_tile_path(path.replace("unsealed/", "tile/entries/", 1))
    if not path.startswith("unsealed/"):
        raise Malformed("This is not the path of a file of openings.", "It is unsealed/<N> or unsealed/<N>.p/<W>.")
    return tile.index, tile.width


def encode_unsealed(openings: Sequence[Unsealed | None]) -> bytes:
    """Bytes of a file of openings; None: it was lost."""
    return "".join(f"{_LOST if each is None else each.encode()}\n" for each in openings).encode("ascii")


def decode_unsealed(data: bytes, width: int) -> list[Unsealed | None]:
    """The ``width`` openings of a file, None where one was lost. Raises Malformed."""
    if len(data) > MAX_FILE or not data.isascii():
        raise Malformed("This is no file of openings: it is too long, or not ASCII.", _ASK)
    lines = data.decode("ascii").split("\n")
    if lines.pop() != "" or len(lines) != width:
        raise Malformed(f"The file does not hold exactly {width} openings.", _ASK)
    return [None if line == _LOST else _opening(line) for line in lines]


def _opening(line: str) -> Unsealed:
    match = _LINE.fullmatch(line)
    if match is None or match[3] not in KINDS_COUNTED:
        raise Malformed("A line of the openings is not of the accepted form.", _ASK)
    blinding = decode_scalar(decode_base64(match[4], "blinding", 32), "blinding of an unsealed leaf")
    if not 0 < blinding < ORDER:
        raise Malformed("A blinding is zero.", _ASK)
    return Unsealed(decode_decimal(match[1], "position"), decode_decimal(match[2], "position"), match[3], blinding)
