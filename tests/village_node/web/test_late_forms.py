"""A form of a case that comes too late, because somebody else was first."""

import re

from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, hidden_of
from tests.village_node.web.errands import at_the_county
from tests.village_node.web.test_case_page import clerk, officer

__all__ = ["clerk", "officer"]


def test_who_decides_what_a_colleague_has_decided_reads_who_did_and_only_what_was_typed(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    old = hidden_of(officer.open(case).text, f"{case}/act/decide")
    colleague = county.sign_in("1008", "window", "officer", "head", name="吴芳")
    own = hidden_of(colleague.open(case).text, f"{case}/act/decide")
    assert colleague.act(case, "decide", outcome="approve").status_code == 303
    answer = officer.send(f"{case}/act/decide", {**old, "outcome": "refuse", "reasons": "收入超过标准"})
    assert answer.status_code == 409
    said = answer.text.split('role="alert"')[1].split("</div></div>")[0]
    assert re.search(r"作出决定：准予 · 吴芳 · 庆城县 · 2026年11月18日 \d\d:\d\d", said), said
    assert "请看过后再提交" not in said and "现在不能再办" in said
    kept = answer.text.split("您刚才填写的内容")[1].split("</dl>")[0]
    facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", kept)
    assert facts == [("审批结果", "不予"), ("理由", "收入超过标准")], facts
    again = colleague.send(f"{case}/act/decide", {**own, "outcome": "refuse", "reasons": "看错了"})
    assert "您本人" in again.text.split('role="alert"')[1].split("</div></div>")[0]


def test_a_form_whose_print_is_changed_still_says_that_somebody_was_first(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    old = hidden_of(officer.open(case).text, f"{case}/act/decide")
    typed = {**old, "outcome": "refuse", "reasons": "收入超过标准"}
    drawn = officer.send(f"{case}/act/decide?display=big", typed)
    assert drawn.status_code == 200 and "现在不能再办" not in drawn.text, "nobody was"
    colleague = county.sign_in("1008", "window", "officer", "head", name="吴芳")
    assert colleague.act(case, "decide", outcome="approve").status_code == 303
    drawn = officer.send(f"{case}/act/decide?display=big", typed)
    assert drawn.status_code == 200 and "现在不能再办" in drawn.text and "收入超过标准" in drawn.text
