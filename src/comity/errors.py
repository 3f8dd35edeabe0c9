"""What can go wrong that a person can meet, each with the next step.

Every error that leaves a room of Comity is a `ComityError`: it carries a stable ``code`` (for programs), a sentence
that says what is wrong (for people) and ``next_step``, what to do now. The command line turns ``exit_code`` into the
process's exit status and the HTTP surfaces turn ``status`` into a problem+json answer (RFC 9457).

Left to others: findings. A finding is an answer of the law, not an error; it lives in `comity.docket.finding`.
"""

from __future__ import annotations

from typing import ClassVar


class ComityError(Exception):
    """Base of all errors a person can meet.

    ``what`` says what is wrong; ``next_step`` says what to do about it. Exit codes follow docs/cli.md.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


class Malformed(ComityError):
    """Bytes that are not what they claim to be: not canonical, unknown field, truncated, oversized, bad encoding."""

    code = "malformed"
    status = 400
    exit_code = 2


class Unverified(ComityError):
    """A signature, proof or digest that does not verify, or a key that is unknown, expired or revoked."""

    code = "unverified"
    status = 403
    exit_code = 4


class NotAdmitted(ComityError):
    """An authentic act that this docket cannot take: wrong step, wrong order, not a party to the docket, wrong role."""

    code = "not-admitted"
    status = 409
    exit_code = 5


class Conflict(ComityError):
    """The same identifier with other content, or a docket that has moved on since it was read."""

    code = "conflict"
    status = 409
    exit_code = 5


class NotFound(ComityError):
    """There is no such docket, record, exhibit, instrument or Party here."""

    code = "not-found"
    status = 404
    exit_code = 3


class NotAuthorised(ComityError):
    """The person or node asking is not one who may see or do this."""

    code = "not-authorised"
    status = 403
    exit_code = 4


class Unreachable(ComityError):
    """Another node, witness or agent did not answer, or answered with something other than the protocol."""

    code = "unreachable"
    status = 503
    exit_code = 6


class CannotTell(ComityError):
    """The files cannot answer the question. Never guessed; a human decides."""

    code = "cannot-tell"
    status = 422
    exit_code = 1


class Tampered(ComityError):
    """What is stored differs from what was logged and signed. The node stops rather than go on."""

    code = "tampered"
    status = 500
    exit_code = 7


class BadLaw(ComityError):
    """A law file, Party file or setting that is wrong. Names file, line where known, and the mend."""

    code = "bad-law"
    status = 500
    exit_code = 2
