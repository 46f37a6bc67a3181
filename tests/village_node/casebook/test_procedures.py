"""Which special procedures a case can have: read off the words of its item's row of the catalogue."""

from dataclasses import replace

import pytest

from sync_protocol.case import bodies, kinds, legal_bodies
from tests.builders import COUNTY, Network
from village_node.app import starter_catalogue
from village_node.casebook import procedures
from village_node.casebook.errors import BadBody, NotAllowed

ITEM = starter_catalogue().item("001", 1)


@pytest.mark.parametrize(
    ("named", "able"),
    [
        (("入户调查",), {"site_survey"}),
        (("评定鉴定",), {"appraisal"}),
        (("联合踏勘", "专家评审"), {"site_survey", "expert_review"}),
        (("检验检测检疫",), {"inspection", "testing", "quarantine"}),
        (("招标、拍卖",), {"tender", "auction"}),
        (("听证告知",), set()),
    ],
)
def test_what_is_named_can_be_held_and_a_hearing_always(named: tuple[str, ...], able: set[str]) -> None:
    assert set(procedures.open_to(replace(ITEM, special_procedures=named))) == {*able, "hearing"}


def test_nothing_is_shut_where_the_row_names_none_or_one_in_other_words() -> None:
    for named in ((), ("体检",), ("入户调查", "体检")):
        assert procedures.open_to(replace(ITEM, special_procedures=named)) == legal_bodies.SPECIAL
    assert procedures.open_to(None) == legal_bodies.SPECIAL


def test_every_special_procedure_of_the_starter_catalogue_is_understood() -> None:
    for item in starter_catalogue().items():
        for name in item.special_procedures:
            assert procedures.open_to(replace(item, special_procedures=(name,))) != legal_bodies.SPECIAL, name


def test_others_are_refused_and_what_is_no_special_procedure_is_not_asked() -> None:
    with pytest.raises(BadBody) as refused:
        procedures.check(kinds.SUSPEND, {0: "auction"}, ITEM)
    assert refused.value.field == "what"
    procedures.check(kinds.SUSPEND, {0: "site_survey"}, ITEM)
    procedures.check(kinds.SUSPEND, {0: "publicity"}, ITEM)
    procedures.check(kinds.SUSPEND, {0: "auction"}, None)
    procedures.check(kinds.RESUME, {0: "auction"}, ITEM)


def test_what_was_proposed_before_this_was_asked_is_not_approved(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    county = net.members[COUNTY]
    ref = county.file(item_no="035")
    county.act(ref, kinds.DOCKET)
    body = {"what": "auction", "basis": "随便", "planned_days": 3}
    key, asked, case = ref[:2], bodies.numbered(kinds.SUSPEND, body), county.casebook.case(*ref[:2])
    assert case is not None
    with monkeypatch.context() as before:
        before.setattr(procedures, "open_to", lambda item: legal_bodies.SPECIAL)
        county.casebook.ask_procedure("0005", county.roles, key, asked, case.last)
    with pytest.raises(NotAllowed, match="the catalogue names no other"):
        county.casebook.approve_procedure("0001", county.roles, key)
