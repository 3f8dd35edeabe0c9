"""Conditions are code, parameters are data: change a number or a declaration in a file and the answer follows."""

from __future__ import annotations

from datetime import date

import msgspec

from comity.docket.docket import Entry
from comity.docket.finding import Finding
from comity.docket.sections import Offence, Request
from comity.law.book import LawBook, load_law, open_law
from comity.law.files import packaged
from comity.proceedings import bodies
from tests.world import (
    Matter,
    World,
    authorisation,
    court_order,
    days_after,
    eio_request,
    preservation_request,
    production,
    recognition,
    to_sent,
)

CITED = 'provision = "Test Act s 1"\nmark = "knowledge_high"\n'


def law_with(file: str, added: str = "", **changed: str) -> LawBook:
    """The packaged law with something added at the end of a file, or texts in it exchanged."""
    files = packaged()
    text = files[file]
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new, 1)
    return open_law({**files, file: f"{text}\n{added}"})


def declaration(effect: str, value: str = "", instrument: str = "eio", more: str = "") -> str:
    return (
        f'[[declarations]]\ninstrument = "{instrument}"\neffect = "{effect}"\nvalue = "{value}"\n'
        f'text = "A rule of this test."\n{more}{CITED}'
    )


def authorised(world: World, request: Request) -> Entry:
    matter = Matter(world)
    draft = matter.file("request.draft", request, world.who("DE", "prosecutor"))["DE"]
    return matter.file("request.authorise", authorisation(draft), world.who("DE", "judge"))["DE"]


def finding(entry: Entry, safeguard: str) -> Finding:
    return next(f for f in entry.findings if f.safeguard == safeguard)


def acknowledged(world: World, request: Request | None = None) -> Matter:
    matter = Matter(world)
    assert to_sent(matter, request).effect
    body = bodies.Acknowledgement(reference="1", contact="x")
    matter.file("request.acknowledge", body, world.who("FR", "prosecutor"))
    return matter


def theft() -> Request:
    """An offence outside the list, of which the test's law says that France has none."""
    offence = Offence(description="Armed theft of a lorry's load", code="StGB § 244", iccs="0501", max_years=10)
    return eio_request(offence=offence)


NO_THEFT = f'[[offences]]\ncode = "None"\ntitle = "No such offence"\niccs = "0501"\nequivalence = "none"\n{CITED}'


def test_an_optional_ground_leaves_the_choice_to_the_requested_party() -> None:
    world = World(law=law_with("parties/FR.toml", NO_THEFT))
    matter = acknowledged(world, theft())
    french = world.who("FR", "prosecutor")
    held = finding(matter.file("request.recognise", recognition(), french)["FR"], "dual_criminality")
    assert (held.verdict, held.cleared_by, held.party) == ("hold", "request.consult", "FR")
    body = bodies.Consultation(subject="x", text="y", ground="dual_criminality")
    matter.file("request.consult", body, french)
    assert matter.file("request.recognise", recognition(), french)["FR"].effect


def test_a_declaration_makes_the_ground_mandatory_and_the_finding_says_whose() -> None:
    law = law_with("parties/FR.toml", NO_THEFT + declaration("ground_mandatory", "dual_criminality"))
    found = finding(authorised(World(law=law), theft()), "dual_criminality")
    assert (found.verdict, found.ground, found.party) == ("refuse", "dual_criminality", "FR")
    assert "Test Act s 1" in found.provision


def test_the_list_and_its_threshold_come_from_the_file() -> None:
    fraud = Offence(
        description="False invoices to companies", code="Not in the file", list_category="fraud", max_years=3
    )
    assert "Listed" in finding(authorised(World(), eio_request(offence=fraud)), "dual_criminality").why
    below = eio_request(offence=Offence(description="x", code="Not in the file", list_category="fraud", max_years=2))
    assert "Listed" not in finding(authorised(World(), below), "dual_criminality").why
    raised = law_with("instruments/eio.toml", **{"threshold_years = 3": "threshold_years = 4"})
    found = finding(authorised(World(law=raised), eio_request(offence=fraud)), "dual_criminality")
    assert "Listed" not in found.why


def test_the_longer_preservation_that_a_party_declares_binds() -> None:
    more = 'amount = 90\nunit = "days"\n'
    world = World(law=law_with("parties/FR.toml", declaration("limit", "keep_preserved", "budapest", more)))
    matter = Matter(world)
    german, french = world.who("DE", "officer", "contact"), world.who("FR", "officer", "contact")
    draft = matter.file("request.draft", preservation_request(), german)["DE"]
    matter.file("request.send", bodies.Transmission(request=draft.id), german)

    def preserved(days: int) -> Finding:
        body = bodies.Preservation(holder="Courrier Exemple SAS", description="x", until=days_after(days).date())
        return finding(matter.file("request.preserve", body, french)["FR"], "preservation_period")

    assert (preserved(60).verdict, preserved(60).party) == ("hold", "FR")
    assert preserved(90).verdict == "clear"


def asked_to_preserve(offence: Offence) -> Finding:
    """What France finds of a preservation, where it has reserved art 29(4) and has neither of the two offences."""
    reserved = declaration("reserves", "dual_criminality", "budapest", 'measures = ["preserve_data"]\n')
    world = World(law=law_with("parties/FR.toml", NO_THEFT + reserved))
    matter = Matter(world)
    german = world.who("DE", "officer", "contact")
    draft = matter.file("request.draft", msgspec.structs.replace(preservation_request(), offence=offence), german)["DE"]
    return finding(matter.file("request.send", bodies.Transmission(request=draft.id), german)["FR"], "dual_criminality")


def test_the_reservation_on_preservation_is_for_offences_outside_the_convention() -> None:
    """ETS 185 art 29(4): never for arts 2-11, which each Party has made offences."""
    theft_of = Offence(description="Armed theft of a lorry's load", code="StGB § 244", iccs="0501", max_years=10)
    outside = asked_to_preserve(theft_of)
    assert outside.party == "FR"
    assert "has reserved the right to refuse" in outside.why
    access = Offence(description="Entry into a mail account", code="StGB § 202a", iccs="09031", max_years=3)
    within = asked_to_preserve(access)
    assert within.verdict == "clear"
    assert "for other offences than those of the Convention itself" in within.why


def refused_as_unavailable(proceedings: str) -> Finding:
    """What is found of a refusal of business records because the measure would not be authorised at home."""
    request = eio_request()
    records = msgspec.structs.replace(request.measures[0], id="production_of_records")
    purpose = msgspec.structs.replace(request.purpose, proceedings=proceedings)
    world, asked = World(), msgspec.structs.replace(request, measures=(records,), purpose=purpose)
    matter = Matter(world)
    to_sent(matter, asked)
    body = bodies.Refusal(
        ground="measure_unavailable_domestically", provision="Directive 2014/41/EU art 11(1)(c)",
        rationale="No court here could order these records in a case of this kind.",
    )  # fmt: skip
    return finding(matter.file("request.refuse", body, world.who("FR", "prosecutor"))["FR"], "ground_available")


def test_a_measure_not_authorised_at_home_is_a_ground_in_other_than_criminal_proceedings_only() -> None:
    """EIO art 11(1)(c): proceedings of art 4(b) or (c). In criminal ones art 10 finds another measure."""
    assert refused_as_unavailable("criminal").verdict == "hold"
    for proceedings in ("administrative_with_criminal_court", "judicial_other"):
        found = refused_as_unavailable(proceedings)
        assert (found.verdict, found.provision) == ("clear", "Directive 2014/41/EU art 11(1)(c)")


def postponed(
    ground: str, day: date = date(2027, 1, 31), law: LawBook | None = None, *, consult: bool = False
) -> Finding:
    world = World(law=law) if law is not None else World()
    matter, french = acknowledged(world), world.who("FR", "prosecutor")
    if consult:
        matter.file("request.consult", bodies.Consultation(subject="x", text="y", ground=ground), french)
    body = bodies.Postponement(
        ground=ground, provision="art 15", until=day,
        reasons="Our own searches in the same matter are to be made first.",
    )  # fmt: skip
    return finding(matter.file("request.postpone", body, french)["FR"], "postponement_grounded")


def test_a_postponement_has_a_ground_of_the_instrument_and_an_end() -> None:
    """Directive 2014/41/EU art 15(1): it stops the clock, so no other reason does."""
    for ground in ("ongoing_investigation", "needed_in_other_proceedings"):
        assert postponed(ground).verdict == "clear"
    assert postponed("workload").verdict == "hold"
    assert "ongoing_investigation" in postponed("workload").why
    assert postponed("ongoing_investigation", date(2026, 12, 1)).verdict == "hold"


def test_a_postponement_waits_for_the_consultation_that_the_instrument_asks_for() -> None:
    """UNTOC art 18(26), Budapest Convention art 27(6): also before postponing."""
    asks = law_with("instruments/eio.toml", **{
        'needed_in_other_proceedings" }': 'needed_in_other_proceedings", consult = "Test Act s 2" }'
    })  # fmt: skip
    held = postponed("ongoing_investigation", law=asks)
    assert (held.verdict, held.cleared_by) == ("hold", "request.consult")
    assert "Test Act s 2" in held.provision
    assert postponed("ongoing_investigation", law=asks, consult=True).verdict == "clear"


def test_where_the_instrument_gives_no_ground_to_postpone_the_two_sides_consult() -> None:
    silent = law_with("instruments/eio.toml", **{'topic = "postponement"': 'topic = "delay"'})
    held = postponed("ongoing_investigation", law=silent)
    assert (held.verdict, held.cleared_by) == ("hold", "request.consult")
    assert postponed("ongoing_investigation", law=silent, consult=True).verdict == "clear"


def test_what_no_section_shows_of_the_scope_is_left_to_a_person_in_words() -> None:
    """UNTOC art 3: whether a group of three stands behind it, no field says."""
    scope = '[[scope]]\ntopic = "cooperation"\ntext = "Where a group of three acts."\n'
    law = law_with("instruments/eio.toml", f"{scope}parameters = {{ organized_criminal_group = true }}\n{CITED}")
    why = finding(authorised(World(law=law), eio_request()), "legality_basis").why
    assert "a person has to see: Where a group of three acts (Test Act s 1)." in why
    assert "a person has to see" not in finding(authorised(World(), eio_request()), "legality_basis").why


def test_art_27_gives_no_ground_between_parties_to_a_treaty() -> None:
    """ETS 185 art 27(1): between Germany and Denmark the Convention of 1959 does, through art 25(4)."""
    law, day = load_law(), date(2026, 11, 24)

    def provisions(*parties: str) -> set[str]:
        found = law.grounds(law.instrument("budapest"), "access_stored_data", parties, day)
        return {g.provision for g in found if g.id == "political_offence"}

    assert provisions("DE", "DK") == {"ETS 185 art 25(4)"}
    assert provisions("DE", "FR") == {"ETS 185 art 25(4)"}
    assert provisions("DE", "US") == {"ETS 185 art 25(4)", "ETS 185 art 27(4)(a)"}


def test_the_requested_partys_own_court_is_asked_where_its_law_says_so() -> None:
    world = World(law=law_with("parties/FR.toml", declaration("requires_judge")))
    matter = acknowledged(world)
    french = world.who("FR", "prosecutor")
    matter.file("request.recognise", recognition(), french)
    found = finding(matter.file("request.produce", production(), french)["FR"], "own_court_order")
    assert (found.verdict, found.cleared_by, found.party) == ("hold", "request.order", "FR")
    matter.file("request.order", court_order(), world.who("FR", "judge"))
    assert matter.file("request.produce", production(), french)["FR"].effect


def test_a_threshold_of_the_measure_is_tested() -> None:
    threshold = f"[[thresholds]]\nyears = 6\n{CITED}"
    found = finding(
        authorised(World(law=law_with("instruments/eio.toml", threshold)), eio_request()), "seriousness_threshold"
    )
    assert (found.verdict, found.provision) == ("refuse", "Test Act s 1")


def test_the_penalty_of_the_file_binds_over_the_one_claimed() -> None:
    """Fraud is five years in the German file; a request that claims ten is judged by five."""
    threshold = f"[[thresholds]]\nyears = 6\n{CITED}"
    world = World(law=law_with("instruments/eio.toml", threshold))
    claimed = Offence(description="False invoices", code="StGB § 263", iccs="0701", max_years=10)
    assert finding(authorised(world, eio_request(offence=claimed)), "seriousness_threshold").verdict == "refuse"


def test_unsettled_law_goes_on_by_a_deciding_hand_only_and_is_never_shown_as_settled() -> None:
    art_29 = 'provision = "ETS 185 art 29"\nmark = "verified"\nsource = "BUD29"'
    unsure = art_29.replace('"verified"\nsource = "BUD29"', '"knowledge_medium"')
    world = World(law=law_with("instruments/budapest.toml", **{art_29: unsure}))
    matter = Matter(world)
    german = world.who("DE", "officer", "contact")
    draft = matter.file("request.draft", preservation_request(), german)["DE"]
    body = bodies.Transmission(request=draft.id)
    held = finding(matter.file("request.send", body, german)["DE"], "legality_basis")
    assert (held.verdict, held.cleared_by, held.settled) == ("hold", "request.authorise", False)
    judge = matter.file("request.authorise", authorisation(draft), world.who("DE", "judge"))["DE"]
    assert finding(judge, "legality_basis").verdict == "clear"
    assert not finding(judge, "legality_basis").settled


def test_a_doubtful_rule_on_double_criminality_is_shown_as_such_in_the_finding() -> None:
    """Also where the answer is that it is met: a declaration that nobody has checked is no settled law."""
    files = packaged()
    listed = 'rule = "list_exception"\nlist_id = "thirty_two"\nthreshold_years = 3\n'
    files["instruments/eio.toml"] = files["instruments/eio.toml"].replace(listed, 'rule = "may"\n')
    files["instruments/eio.toml"] = files["instruments/eio.toml"].replace(
        'rule = "may"\nprovision = "Directive 2014/41/EU art 11(1)(g)"\nmark = "verified"\nsource = "EIO"',
        'rule = "may"\nprovision = "Directive 2014/41/EU art 11(1)(g)"\nmark = "knowledge_medium"',
    )
    found = finding(authorised(World(law=open_law(files)), eio_request()), "dual_criminality")
    assert (found.verdict, found.settled) == ("clear", False)


def test_every_content_that_an_instrument_asks_for_is_a_place_in_the_request() -> None:
    """A path that leads nowhere would hold every request; so none may."""
    for instrument in load_law().instruments:
        if instrument.proceeding != "request":
            continue
        for content in instrument.contents:
            at: object = eio_request()
            for part in content.field.split("."):
                at = at[0] if isinstance(at, tuple) and at else at
                assert hasattr(at, part), f"{instrument.id}: {content.field}"
                at = getattr(at, part)


def test_a_statutory_maximum_of_a_seal_binds_the_judge_and_spares_asking_one() -> None:
    """No file names one yet; where one does, the safeguard follows, with a judge or without."""
    rule = '[[rules]]\ntopic = "confidentiality"\ntext = "A rule of this test."\n'
    law = law_with("instruments/eio.toml", f"{rule}parameters = {{ months_sealed_at_most = 2 }}\n{CITED}")
    world, matter = World(law=law), Matter(World(law=law))
    prosecutor, judge = world.who("DE", "prosecutor"), world.who("DE", "judge")
    late, allowed = date(2027, 3, 1), date(2027, 2, 1)
    early = matter.file("request.draft", eio_request(), prosecutor, sealed_until=late)["DE"]
    assert finding(early, "seal_limit").verdict == "hold"
    draft = matter.file("request.draft", eio_request(), prosecutor)["DE"]
    held = finding(
        matter.file("request.authorise", authorisation(draft), judge, sealed_until=late)["FR"], "seal_limit"
    )
    assert (held.verdict, held.cleared_by) == ("hold", "request.authorise")
    assert "Test Act s 1" in held.provision
    given = matter.file("request.authorise", authorisation(draft), judge)["DE"]
    body = bodies.Transmission(request=draft.id, authorisation=given.id)
    assert matter.file("request.send", body, prosecutor, sealed_until=allowed)["FR"].effect
