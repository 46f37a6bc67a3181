"""What papers say of the query code: six characters do where the case is held, and nowhere else."""

import pytest

from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, Visitor
from tests.village_node.web.errands import PAPERS, AtHand, links, printed
from village_node.web.site import SITE

SIX_HERE = "在收件的服务点报前 6 位即可，别处报全部 13 位"


@pytest.fixture(autouse=True)
def press_at_hand(village: Counter) -> None:
    village.app.extensions[SITE].printer = AtHand()


@pytest.mark.parametrize(("item_no", "code"), [("001", "agency"), ("040", "01")])
def test_a_receipt_promises_the_six_characters_only_where_they_do(agent: Visitor, item_no: str, code: str) -> None:
    case = agent.file(item_no, **PAPERS)
    assert SIX_HERE in agent.open(f"{case}/receipt").text
    address = next(each for each in links(agent, case) if each.endswith(f"/{code}"))
    for size in ("", "?paper=a5", "?paper=roll"):
        said = words(printed(agent, address + size))
        assert "别处报全部13位" in said and "凭收件编号和查询码前6位" not in said, size


def test_the_six_characters_do_where_it_was_filed_and_not_above_where_it_is_not_held(
    agent: Visitor, village: Counter, county: Counter
) -> None:
    case = agent.file("001")
    page = agent.open(f"{case}/receipt").text
    number, code = (page.split('big-number number">')[at].split("<")[0] for at in (1, 2))
    typed = {"number": number, "code": code[:6]}
    assert number in village.visitor().send("/query", typed).text.split("<main")[1]
    missed = county.visitor().send("/query", typed)
    assert missed.status_code == 404 and "13 位" in missed.text
