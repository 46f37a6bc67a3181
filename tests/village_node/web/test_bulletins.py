"""The figures of a period, the bulletin that is made of them once and for all, and the rules of its scores."""

import csv
import re

from sync_protocol.case import bulletins
from sync_protocol.case.bulletins import Bulletin
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, AtHand, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_supervision import DAY_MS, late, pass_days, supervisor  # noqa: F401 - fixtures

SET = {
    "document_no": "庆政务发〔2027〕3号", "since": "2027-02-01", "base": "100", "overdue": "10", "bad_rating": "3",
    "late_answer": "1", "yellow": "2", "flags": "1", "bottom": "2",
}  # fmt: skip


def plain(visitor: Visitor, path: str) -> str:
    """A page without its marks."""
    answer = visitor.open(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def publish(visitor: Visitor, period: str) -> None:
    answer = visitor.send("/bulletins", {"period": period})
    assert answer.status_code == 303, problems(answer.text)


def refused(visitor: Visitor, path: str, said: str, /, **values: str) -> None:
    answer = visitor.send(path, values)
    assert answer.status_code in (409, 422) and said in "".join(problems(answer.text)), problems(answer.text)


def red_month(county: Counter, case: str) -> str:
    """The month in which the case became red."""
    row = held_row(county, case)
    assert row.red_day is not None
    return bulletins.period_of("month", bulletins.days_of("month", "1970-01")[0].fromordinal(719_163 + row.red_day))


def held_row(counter: Counter, case: str):  # noqa: ANN201
    place, case_id = case.split("/")[2:4]
    row = counter.member.casebook.case_row(f"about:{place}", bytes.fromhex(case_id))
    assert row is not None
    return row


def test_x(network: Network, county: Counter, village: Counter, supervisor: Visitor, agent: Visitor, late: str) -> None:
    row = held_row(county, late)
    print(row)
    month = red_month(county, late)
    print(month)
    print(plain(supervisor, f"/figures?period={month}"))
    print(plain(supervisor, f"/figures/{VILLAGE}?period={month}"))
    publish(supervisor, month)
    print(plain(supervisor, "/bulletins"))
    print(plain(supervisor, f"/bulletins/{COUNTY}/{month}"))
    county.app.extensions["sanji.site"].printer = AtHand()
    paper = supervisor.open(f"/bulletins/{COUNTY}/{month}/print")
    print(paper.status_code, paper.content_type)
    print(words(paper.data))
    open("/dev/shm/b.pdf", "wb").write(paper.data)
    print(supervisor.open(f"/bulletins/{COUNTY}/{month}.csv").text[:900])
    everywhere(network)
    print(plain(agent, f"/bulletins/{COUNTY}/{month}"))
    print(plain(agent, f"/bulletins"))
    print(plain(supervisor, f"/score-rules"))
    print(supervisor.send("/score-rules", SET).status_code)
    print(plain(supervisor, f"/score-rules"))
    assert 0
