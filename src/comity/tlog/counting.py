"""Counting sealed acts by kind without opening them: the commitment in the fifth line of a sealed leaf, and its proof.

An act of kind k carries C = G_k + r*H, padding C = G_padding + r*H. Every kind has a generator of its own, so a sum of
commitments binds the number of each kind at once, however many leaves there are (docs/decisions/0001). That one leaf
counts exactly once, for one of the kinds there are, is shown to auditors by `prove_kind`; sums are opened in
`comity.tlog.tally`. ``r`` follows from the salt of the leaf, so opening the act opens its count too.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence

from comity.errors import Malformed, Unverified
from comity.tlog.encoding import HASH_SIZE
from comity.tlog.group import (
    IDENTITY,
    ORDER,
    SIZE,
    add,
    check_point,
    decode_scalar,
    encode_scalar,
    generator,
    scalar_from,
    subtract,
    times,
)
from comity.tlog.leaf import SEALED, ActLeaf

PADDING = "padding"
KINDS_COUNTED = (
    "request", "decision-grant", "decision-refuse", "disclosure", "refusal", "notification", "notification-deferral",
    "deletion", PADDING,
)  # fmt: skip
"""What a sealed leaf can be. In this order in proofs; a new kind is a new version of the leaf."""
BLIND = generator("blinding")
_SUSPECT = "Keep the leaf and the proof as evidence and tell oversight."


def kind_generator(kind: str) -> bytes:
    """The generator that counts one act of this kind. Raises Malformed for what cannot be sealed."""
    if kind not in KINDS_COUNTED:
        raise Malformed(f"A sealed leaf cannot hold an act of the kind {kind!r}.", "Log it under its public kind.")
    return generator(f"kind {kind}")


def blinding_from_salt(salt: bytes) -> int:
    """The blinding that belongs to a leaf's salt (32 random bytes). Raises Malformed.

    One-way: who is shown the blinding, to audit a count, learns nothing that opens the act.
    """
    if len(salt) != HASH_SIZE:
        raise Malformed(f"The salt has {len(salt)} bytes; it must have 32.", "Draw 32 bytes from the system.")
    return scalar_from("comity/count-blinding/v1", salt)


def commit_to(point: bytes, blinding: int) -> bytes:
    """``point`` + blinding * H. A blinding of zero would show what is hidden: Malformed."""
    if not 0 < blinding < ORDER:
        raise Malformed("A blinding must lie between zero and the order of the group.", "Derive it from a fresh salt.")
    return check_point(add(point, times(blinding, BLIND)), "count commitment")


def commit_count(kind: str | None, blinding: int) -> bytes:
    """The 32-byte count commitment of an act of ``kind``; None: padding. Raises Malformed."""
    return commit_to(kind_generator(PADDING if kind is None else kind), blinding)


def check_count(leaf: ActLeaf, kind: str | None, blinding: int) -> None:
    """Raises Unverified unless the sealed leaf counts for this kind (None: padding): asked when it is unsealed."""
    if leaf.kind != SEALED or leaf.count is None:
        raise Unverified("This leaf bears no count commitment.", _SUSPECT)
    if not hmac.compare_digest(commit_count(kind, blinding), leaf.count):
        raise Unverified(f"The leaf was not counted as {kind or PADDING!r}, which it is: the log lies.", _SUSPECT)


def sum_commitments(commitments: Iterable[bytes]) -> bytes:
    """The sum of count commitments; the identity for none. A commitment that occurs twice counts twice somewhere.

    Raises Malformed for bytes that are no commitment, Unverified for a commitment used twice.
    """
    total, seen = IDENTITY, set[bytes]()
    for commitment in commitments:
        if commitment in seen:
            raise Unverified("Two sealed leaves bear the same count commitment.", _SUSPECT)
        seen.add(check_point(commitment, "count commitment"))
        total = add(total, commitment)
    return total


def sum_blindings(blindings: Iterable[int]) -> int:
    """The blinding of a sum of commitments. A node keeps it running, so that erasing one salt loses no total."""
    return sum(blindings) % ORDER


def leaf_context(origin: str, position: int, leaf: bytes) -> bytes:
    """What ties a proof to one place in one log: origin, position and the leaf's bytes."""
    return b"\n".join([origin.encode(), str(position).encode(), leaf])


def prove_kind(kind: str | None, blinding: int, context: bytes, entropy: bytes) -> bytes:
    """Proof for auditors that a leaf counts exactly once, for one of `KINDS_COUNTED`, without saying which.

    An OR of Schnorr proofs that C - G_k is a multiple of H (Cramer, Damgård, Schoenmakers 1994), made non-interactive
    by hashing (Fiat, Shamir 1986). ``context``: `leaf_context`; ``entropy``: 32 fresh random bytes, mixed with the
    secret so that bad ones do no harm. 64 bytes for each kind. Raises Malformed.
    """
    commitment, name = commit_count(kind, blinding), PADDING if kind is None else kind
    seed = (entropy, encode_scalar(blinding), name.encode(), context)
    own = KINDS_COUNTED.index(name)
    draws = [scalar_from("comity/count-nonce/v1", *seed, bytes([n])) for n in range(2 * len(KINDS_COUNTED))]
    challenges, responses = draws[: len(KINDS_COUNTED)], draws[len(KINDS_COUNTED) :]
    nonce = responses[own]
    starts = _starts(commitment, challenges, responses)
    starts[own] = times(nonce, BLIND)
    total = _challenge(commitment, context, starts)
    challenges[own] = (total - sum(challenges) + challenges[own]) % ORDER
    responses[own] = (nonce + challenges[own] * blinding) % ORDER
    return b"".join(encode_scalar(scalar) for scalar in [*challenges, *responses])


def check_kind(commitment: bytes, proof: bytes, context: bytes) -> None:
    """Raises Unverified unless the proof shows that the commitment counts once for one kind; Malformed for no proof."""
    check_point(commitment, "count commitment")
    if len(proof) != 2 * SIZE * len(KINDS_COUNTED):
        raise Malformed(f"A proof of kind has {2 * SIZE * len(KINDS_COUNTED)} bytes.", "Ask for the proof again.")
    scalars = [decode_scalar(proof[at : at + SIZE], "proof of kind") for at in range(0, len(proof), SIZE)]
    challenges, responses = scalars[: len(KINDS_COUNTED)], scalars[len(KINDS_COUNTED) :]
    total = _challenge(commitment, context, _starts(commitment, challenges, responses))
    if sum(challenges) % ORDER != total:
        raise Unverified("The proof does not show that the leaf counts once, for one of the kinds there are.", _SUSPECT)


def _starts(commitment: bytes, challenges: Sequence[int], responses: Sequence[int]) -> list[bytes]:
    """First message of each branch, from its challenge and response: s*H - c*(C - G_k)."""
    return [
        subtract(times(response, BLIND), times(challenge, subtract(commitment, kind_generator(kind))))
        for kind, challenge, response in zip(KINDS_COUNTED, challenges, responses, strict=True)
    ]


def _challenge(commitment: bytes, context: bytes, starts: Sequence[bytes]) -> int:
    kinds = "\n".join(KINDS_COUNTED).encode()
    return scalar_from("comity/count-proof/v1", kinds, commitment, context, *starts)
