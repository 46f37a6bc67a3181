"""What a county's registers hold after some weeks, written for their pages to be looked at."""

from tests.browser.conftest import Hall
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.village_node.web.counter import PASSWORD, Visitor
from tests.village_node.web.errands import PAPERS, at_the_county, done, handed_up
from tests.village_node.web.test_item_versions import form
from tests.village_node.web.test_oddities import assign
from tests.village_node.web.test_supervision import wrote

SAMPLE = {"what": "running", "first": "2026-11-01", "last": "2026-11-18", "count": "2", "questions": "材料齐全吗\n"}


def at_the_counter(hall: Hall, place: str, staff_no: str) -> Visitor:
    """Somebody of this place signs in once more, at another screen."""
    visitor = hall.counters[place].visitor()
    assert visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD}).status_code == 303
    return visitor


def fill_county(hall: Hall, agent: Visitor, clerk: Visitor) -> str:
    """Write into the books of the county what comes of cases that it decides, watches over and takes away; the address
    of a sample that was drawn. `agent`, `clerk`: of the village and its township."""
    county = hall.counters[COUNTY]
    officer = county.sign_in("0301", "officer", "window", name="赵敏")
    other = county.sign_in("0302", "window", name="孙宁")
    member = hall.network.members[COUNTY]
    for item_no in ("016", "034"):
        department = member.casebook.catalogue.item(item_no).department
        delegate(member, department, item_no, b="0301", document_no=f"委〔2026〕{item_no}号")
    settled(officer, other)
    with_a_fee(hall, agent, clerk, officer)
    taken_away(hall, agent, clerk, other, officer)
    business = county.sign_in("0304", "business", name="孙丽")
    changed = form(hall.network, "022", guide_conditions="本县缴存职工", do="publish")
    assert business.send("/catalogue/022", changed).status_code == 303
    return watched(hall, agent)


def settled(officer: Visitor, other: Visitor) -> None:
    """A case that was given to its applicant, who rates it as bad; and one that nobody has rated."""
    cases = [officer.file("016", **PAPERS) for _ in range(2)]
    for case in cases:
        done(officer, case, "docket")
        done(officer, case, "decide", outcome="approve")
        done(officer, case, "delivered", to="张秀兰", how="in_person")
    done(other, cases[0], "rating", grade="very_poor", stage="2", text="跑了两趟", channel="phone")


def with_a_fee(hall: Hall, agent: Visitor, clerk: Visitor, officer: Visitor) -> None:
    """A case whose fee was told and paid."""
    case = at_the_county(hall.network, agent, clerk, officer, "034")
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "fee_notice", due_days="15")
    done(officer, case, "fee_settled", how="paid", receipt_no="票0001")


def taken_away(hall: Hall, agent: Visitor, clerk: Visitor, proposer: Visitor, confirmer: Visitor) -> None:
    """A case that two people of the county took from the township while it worked on: what it wrote does not count."""
    case = handed_up(hall.network, agent, clerk, agent.file("001", **PAPERS))
    hall.exchange()
    done(clerk, case, "docket")
    assign(case, proposer, confirmer, COUNTY)
    hall.exchange()
    waiting = agent.file("001", **PAPERS)
    done(agent, waiting, "service_act", what="door", where="上关村三组", text="上门收材料", day="2026-11-18")


def watched(hall: Hall, agent: Visitor) -> str:
    """A letter that waits for the village's answer, and a sample."""
    supervisor = hall.counters[COUNTY].sign_in("0303", "supervisor", name="吴督查")
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    hall.exchange()
    letter = {"to": VILLAGE, "rule": "promised", "text": "请查明原因并速办", "answer_by": "2026-11-20"}
    wrote(supervisor, case, "letter", **letter)
    drawn = supervisor.send("/samples", SAMPLE)
    assert drawn.status_code == 303
    hall.exchange()
    return str(drawn.headers["Location"]).partition("?")[0]


def people(hall: Hall) -> tuple[Visitor, Visitor]:
    """The agent and the clerk whose part it is."""
    return at_the_counter(hall, VILLAGE, "0012"), at_the_counter(hall, TOWNSHIP, "0101")
