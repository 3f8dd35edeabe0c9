"""Opening a sum of commitments: how many of each name there are, some of them withheld, and proof that it is so.

Commitments to different names bind independently, so a total can be opened name by name. The proof shows that the
maker knows numbers for the withheld names which, with those shown, make up the sum and every published line (a row, a
column, a total), and says nothing else about them. Which numbers to withhold is left to `comity.analysis.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from comity.errors import Malformed, Unverified
from comity.tlog.group import (
    ORDER,
    SIZE,
    add,
    decode_scalar,
    encode_scalar,
    generator,
    scalar_from,
    subtract,
    times,
)

Point = Callable[[str], bytes]
"""From a name to the generator that counts it, as `comity.tlog.counting.kind_generator`."""
LARGEST = 2**53 - 1
_SUSPECT = "Do not rely on the figures; keep them as evidence and tell oversight."
_BLIND = generator("blinding")


@dataclass(frozen=True)
class Line:
    """Some names and how many there are of them together."""

    names: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Tally:
    """What is published of a sum: the numbers shown, the names withheld, and the lines that hold over both.

    Raises Malformed where a number is negative, a name stands twice or a line names what there is not.
    """

    shown: Mapping[str, int]
    withheld: tuple[str, ...]
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        names = {*self.shown, *self.withheld}
        numbers = [*self.shown.values(), *(line.total for line in self.lines)]
        if len(names) != len(self.shown) + len(self.withheld):
            raise Malformed("A tally names something twice.", "Name it once.")
        if not all(0 <= number <= LARGEST for number in numbers):
            raise Malformed("A number in a tally is negative or above 2^53.", "Count again.")
        if any(len(set(line.names)) != len(line.names) or not names.issuperset(line.names) for line in self.lines):
            raise Malformed("A line of a tally is not made of the names in it, each once.", "Make the lines again.")

    def rows(self) -> list[tuple[list[int], int]]:
        """Each line as the places of its withheld names, and what these add up to."""
        place = {name: index for index, name in enumerate(self.withheld)}
        return [
            (
                [place[name] for name in line.names if name in place],
                line.total - sum(self.shown.get(name, 0) for name in line.names),
            )
            for line in self.lines
        ]


def prove_tally(
    tally: Tally, counts: Mapping[str, int], blinding: int, point: Point, context: bytes, entropy: bytes
) -> bytes:
    """The proof that goes with a tally: a Schnorr proof of a representation under linear constraints.

    ``counts`` are the true numbers of the withheld names, ``blinding`` that of the sum, ``entropy`` 32 fresh random
    bytes, ``context`` what the tally is bound to (origin, period). Nonces are drawn among those that keep every line.
    """
    hidden = [counts[name] for name in tally.withheld]
    for places, total in tally.rows():
        if sum(hidden[place] for place in places) != total:
            raise Malformed("The true numbers do not make up a line of the tally.", "Count again.")
    # All that the challenge depends on goes into the nonces: the same nonce under two challenges would tell the secret.
    seed = (entropy, encode_scalar(blinding), context, *(str(number).encode() for number in hidden), *_words(tally))
    draws = [scalar_from("comity/tally-nonce/v1", *seed, str(n).encode()) for n in range(len(hidden) + 1)]
    nonces = _keeping([places for places, _ in tally.rows()], draws[1:])
    start = _combine(nonces, draws[0], tally, point)
    total_point = _combine([*hidden], blinding, tally, point)
    challenge = _challenge(tally, total_point, start, context)
    answers = [(nonce + challenge * number) % ORDER for nonce, number in zip(nonces, hidden, strict=True)]
    last = (draws[0] + challenge * blinding) % ORDER
    return b"".join(encode_scalar(scalar) for scalar in [challenge, last, *answers])


def check_tally(tally: Tally, total: bytes, point: Point, context: bytes, proof: bytes) -> None:
    """Raises Unverified unless the tally opens ``total``, the sum of the commitments; Malformed for no proof.

    Says nothing of single commitments: that each counts once, for a name there is, is what their own proofs show.
    """
    if len(proof) != SIZE * (len(tally.withheld) + 2):
        raise Malformed("The proof of the tally has a wrong length.", "Ask for it again.")
    challenge, last, *answers = (
        decode_scalar(proof[at : at + SIZE], "proof of the tally") for at in range(0, len(proof), SIZE)
    )
    rest = total
    for name, number in tally.shown.items():
        rest = subtract(rest, times(number, point(name)))
    start = subtract(_combine(answers, last, tally, point), times(challenge, rest))
    if _challenge(tally, rest, start, context) != challenge:
        raise Unverified("The numbers shown are not those that the log's commitments add up to.", _SUSPECT)
    for places, number in tally.rows():
        if sum(answers[place] for place in places) % ORDER != challenge * number % ORDER:
            raise Unverified("The numbers withheld do not make up a line that is published.", _SUSPECT)


def _combine(numbers: Sequence[int], blinding: int, tally: Tally, point: Point) -> bytes:
    total = times(blinding, _BLIND)
    for name, number in zip(tally.withheld, numbers, strict=True):
        total = add(total, times(number, point(name)))
    return total


def _challenge(tally: Tally, rest: bytes, start: bytes, context: bytes) -> int:
    return scalar_from("comity/tally-proof/v1", context, rest, start, *_words(tally))


def _words(tally: Tally) -> Iterator[bytes]:
    """Everything a tally says, each part apart, in one order."""
    for name, number in sorted(tally.shown.items()):
        yield f"shown {name} {number}".encode()
    for name in tally.withheld:
        yield f"withheld {name}".encode()
    for line in tally.lines:
        yield f"line {line.total} {len(line.names)}".encode()
        for name in line.names:
            yield name.encode()


def _keeping(lines: Sequence[Sequence[int]], draws: Sequence[int]) -> list[int]:
    """Numbers drawn evenly among those that add up to zero over each line (Gauss-Jordan modulo the group's order)."""
    pivots: dict[int, dict[int, int]] = {}
    for line in lines:
        row = dict.fromkeys(line, 1)
        for column, other in pivots.items():
            row = _less(row, other, row.get(column, 0))
        if row:
            column = min(row)
            inverse = pow(row[column], -1, ORDER)
            row = {place: value * inverse % ORDER for place, value in row.items()}
            pivots = {key: _less(other, row, other.get(column, 0)) for key, other in pivots.items()}
            pivots[column] = row
    found = [0 if place in pivots else draw for place, draw in enumerate(draws)]
    for column, row in pivots.items():
        found[column] = -sum(value * found[place] for place, value in row.items() if place != column) % ORDER
    return found


def _less(row: Mapping[int, int], other: Mapping[int, int], factor: int) -> dict[int, int]:
    """``row`` - factor * ``other``, zeros left out."""
    if factor == 0:
        return dict(row)
    mixed = {place: (row.get(place, 0) - factor * other.get(place, 0)) % ORDER for place in {*row, *other}}
    return {place: value for place, value in mixed.items() if value}

