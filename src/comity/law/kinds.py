"""Kinds of offences that thresholds and scopes name by another act, and the codes of the taxonomy that stand for them.

Left to others: whether an offence is of a kind (`comity.law.thresholds`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """Offences that a threshold names by another act: codes that are such an offence, categories that may be one."""

    codes: tuple[str, ...] = ()  # ICCS codes wholly within the act named
    categories: frozenset[str] = frozenset()  # of the 32: broader than the act, so that the files cannot tell
    wider_codes: tuple[str, ...] = ()  # ICCS codes broader than the act


# Regulation (EU) 2023/1543 art 5(4)(b) names articles of three directives, and only offences committed wholly or partly
# by means of an information system; a category of the 32 says neither.
KINDS: dict[str, Kind] = {
    "attacks_on_information_systems": Kind(  # Directive 2013/40/EU arts 3-8
        ("09031", "09032", "09033"), frozenset({"computer_crime"}), ("0903",)
    ),
    "child_sexual_abuse": Kind((), frozenset({"child_sexual_exploitation"}), ("03022",)),  # Directive 2011/93/EU
    "non_cash_payment_fraud": Kind((), frozenset({"forgery_means_of_payment"})),  # Directive (EU) 2019/713
    "obstruction_of_justice": Kind(("0806",)),
    "computer_crime": Kind(("0903",)),  # Convention offences (UN Convention against Cybercrime arts 7-12)
    # Known by the code alone: the taxonomy's act may be wider than the one named, which a person has to see.
    "terrorism": Kind((), wider_codes=("0906",)),  # Directive (EU) 2017/541 arts 3-12 and 14
    "criminal_organisation": Kind((), wider_codes=("0905",)),  # UNTOC art 5
    "money_laundering": Kind(("07041",), wider_codes=("0704",)),  # UNTOC art 6
    "corruption": Kind(("07031",), wider_codes=("0703",)),  # UNTOC art 8: bribery; UNCAC
    # UNCAC arts 23 and 25: laundering the proceeds of corruption, obstructing justice in a case of it.
    "proceeds_of_corruption": Kind((), frozenset({"money_laundering"}), ("0704", "0806")),
    # Budapest Convention arts 7-10, UN Convention against Cybercrime arts 12-15: if by computer.
    "computer_related_offence": Kind(
        (),
        frozenset({
            "fraud", "swindling", "child_sexual_exploitation", "product_piracy", "forgery_documents",
            "forgery_means_of_payment",
        }),
        ("0701", "0702", "03022"),
    ),
}
