"""What supervision, the register of items and the cashier of a village look at, written for their pages to be looked
at: a case that is weeks late, an order to put right, a fee taken at the village, items that came and went."""

from tests.browser.conftest import NOON_MS, Hall
from tests.builders import APPLICATION, COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from tests.village_node.web.errands import PAPERS, delivered_at_once, done
from tests.village_node.web.test_item_versions import form
from village_node.web.times import DAY_MS

LONG_AGO_MS = 50 * DAY_MS
GIVEN_DOWN = {"decide_level": "township", "review_level": "", "budget_county_days": "", "budget_township_days": "5"}


def file_long_ago(hall: Hall) -> None:
    """A case that the village took in weeks before anything else, and left lying."""
    hall.network.clock.now_ms -= LONG_AGO_MS
    agent = hall.counters[VILLAGE].sign_in("0013", "agent", name="何平")
    done(agent, agent.file("014", **PAPERS), "docket")
    hall.network.clock.now_ms = NOON_MS


def watch(hall: Hall) -> None:
    """Once everything else is written: what is published here changes items for those who file after it."""
    village = hall.counters[VILLAGE]
    settled = delivered_at_once(village.sign_in("0024", "agent", "head", name="吴支书"))
    other = village.sign_in("0025", "agent", name="郑宁")
    done(other, settled, "rating", grade="very_poor", stage="2", text="跑了两趟", channel="phone")
    business = hall.counters[COUNTY].sign_in("0305", "business", name="韩业务")
    changes: dict[str, dict[str, str]] = {
        "002": {"reason": "权力下放", "note": "庆政发〔2026〕9号", **GIVEN_DOWN},
        "003": {"reason": "上级取消", "note": "国发〔2026〕3号", "closed": "yes"},
        "040": {"reason": "收取工本费", "fee": "工本费", "fee_rule": "以上 | 5.50"},
    }
    for item_no, changed in changes.items():
        published = form(hall.network, item_no, do="publish", **changed)
        assert business.send(f"/catalogue/{item_no}", published).status_code == 303, item_no
    leave_over(hall)
    hall.exchange()
    take_a_fee(hall)


def take_a_fee(hall: Hall) -> None:
    """A fee that the village tells of and takes, and one that waits for its cashier."""
    decides = hall.counters[VILLAGE].sign_in("0026", "agent", "head", "cashier", name="孟主任")
    paid, waits = (decides.file("040", **PAPERS) for _ in range(2))
    for case in (paid, waits):
        done(decides, case, "docket")
        done(decides, case, "decide", outcome="approve")
    done(decides, paid, "fee_notice", due_days="15")
    done(decides, paid, "fee_settled", how="paid", receipt_no="票0002")


def leave_over(hall: Hall) -> None:
    """What a day ends with, what does no business, and what is signed after an account was shut: at two levels a case
    upon which nobody acts, a village that never files, and an application of somebody who has left."""
    hall.network.enrol(SECOND_VILLAGE)
    for place in (COUNTY, TOWNSHIP):
        hall.network.members[place].casebook.apply_roster(hall.network.changes)
    village, window = hall.counters[VILLAGE], hall.counters[COUNTY].sign_in("0307", "window", name="秦敏")
    village.sign_in("0027", "agent", name="马小燕").file("016", **PAPERS)
    for item_no in ("016", "036"):
        window.file(item_no, **PAPERS)
    village.sign_in("0028", "agent", name="胡军")
    village.accounts.disable("0028", True, by="0001")
    hall.network.members[VILLAGE].casebook.file("0028", {"agent"}, APPLICATION)
