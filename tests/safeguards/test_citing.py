"""A finding names each provision once, however many statements of law rest on it."""

from types import SimpleNamespace
from typing import Any

from comity.safeguards.citing import stated


def law(provision: str, settled: bool = True) -> Any:
    return SimpleNamespace(provision=provision, settled=settled)


def test_each_provision_stands_once_in_the_order_of_first_mention() -> None:
    found = stated(law("EU Charter art 50"), law("EU Charter art 50; ECHR P7 art 4"), law("ECHR P7 art 4; EIO art 11"))
    assert found.provision == "EU Charter art 50; ECHR P7 art 4; EIO art 11"


def test_one_unsettled_statement_makes_the_whole_unsettled() -> None:
    assert not stated(law("EIO art 11"), law("EIO art 12", settled=False)).settled
