"""A warrant, a freezing order and an old treaty before the safeguards: whose judgment bars, which offence is out."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from comity.docket.finding import Finding
from comity.docket.sections import Basis, FinalDecision, Offence, PriorProceedings, Request
from tests.safeguards.test_request import authorised, finding
from tests.world import account_data, eio_request

WARRANT, FREEZING, TREATY = ("eaw", "surrender", "person"), ("freezing", "freezing", "property"), (
    "ets30", "evidence", "document",
)  # fmt: skip


def asked(what: tuple[str, str, str], *served_in: str, code: str = "StGB § 263") -> Request:
    """A request under an instrument; a sentence for the same acts was served in each of ``served_in``."""
    instrument, measure, category = what
    decisions = tuple(
        FinalDecision(
            party=p, court="x", date=date(2020, 1, 1), outcome="convicted", same_acts=True, enforced="served"
        )
        for p in served_in
    )
    return msgspec.structs.replace(
        eio_request(),
        basis=Basis(instrument=instrument, article="1", domestic_provision="StPO § 131"),
        measures=(account_data(id=measure, category=category),),
        offence=Offence(description="What happened.", code=code, max_years=5),
        prior=PriorProceedings(checked=True, decisions=decisions),
    )


def found(request: Request, safeguard: str) -> Finding:
    both = {finding(entry, safeguard).verdict for entry in authorised(request).values()}
    assert len(both) == 1, "both sides judge alike"
    return finding(authorised(request)["FR"], safeguard)


@pytest.mark.parametrize(
    ("request_", "verdict", "provision"),
    [
        (asked(WARRANT), "clear", "EU Charter art 50"),
        (asked(WARRANT, "ES"), "refuse", "Framework Decision 2002/584/JHA art 3(2)"),
        (asked(WARRANT, "US"), "clear", "Framework Decision 2002/584/JHA art 4(5)"),  # optional, and France's to use
        (asked(WARRANT, "US", "ES"), "refuse", "Framework Decision 2002/584/JHA art 3(2)"),  # the worst decides
        (asked(FREEZING, "US"), "clear", "Regulation (EU) 2018/1805 art 8(1)(a)"),
        (asked(FREEZING, "ES"), "refuse", "EU Charter art 50"),
    ],
)
def test_whose_judgment_it_is_decides(request_: Request, verdict: str, provision: str) -> None:
    told = found(request_, "ne_bis_in_idem")
    assert told.verdict == verdict
    assert provision in told.provision


def test_a_military_offence_is_outside_the_convention_of_1959() -> None:
    told = found(asked(TREATY, code="WStG § 16"), "seriousness_threshold")
    assert (told.verdict, told.provision) == ("refuse", "ETS 30 art 1(2)")
    assert found(asked(TREATY), "seriousness_threshold").verdict == "clear"
