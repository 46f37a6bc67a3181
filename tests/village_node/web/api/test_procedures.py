"""Two programs open a special procedure: one proposes, another approves what it was shown; registers are read."""

import pytest

from tests.builders import Network
from tests.village_node.web.api.program import Program, path_of, program_at
from tests.village_node.web.counter import Counter

ASKED = {"what": "hearing", "basis": "行政许可法第四十六条", "planned_days": 15,
         "hearing_day": "2026-12-02", "hearing_at": "上午九时，县政务大厅三楼", "presider": "0821"}  # fmt: skip


@pytest.fixture
def officer(network: Network, county: Counter) -> Program:
    """Who examines."""
    return program_at(county, "0822", "officer")


@pytest.fixture
def head(county: Counter) -> Program:
    """Who approves."""
    return program_at(county, "0823", "head")


@pytest.fixture
def case(county: Counter, officer: Program) -> str:
    """A case that is examined at the county."""
    window = program_at(county, "0821", "window")
    made = path_of(window.file(item_no="036"))
    window.done(made, "docket")
    return made


def test_a_special_procedure_is_opened_by_two_programs(officer: Program, head: Program, case: str) -> None:
    assert officer.get(case).get_json()["asked"] is None
    officer.done(case, "suspend", **ASKED)
    asked = head.get(case).get_json()["asked"]
    assert asked["proposer"] == "0822" and "行政许可法第四十六条" in str(asked["facts"])
    said = {"shown": asked["shown"]}
    own = officer.post(f"{case}/procedure/approve", said).get_json()
    assert own["code"] == "not_allowed_now" and "须为两人" in own["zh"]
    answer = head.post(f"{case}/procedure/approve", said, "approve-001")
    assert answer.status_code == 200, answer.text
    again = head.post(f"{case}/procedure/approve", said, "approve-001")
    assert again.headers["Idempotency-Replayed"] == "true" and again.get_json() == answer.get_json()
    assert head.post(f"{case}/procedure/approve", said).get_json()["code"] == "not_found"
    told = head.get(case).get_json()
    assert told["asked"] is None and "听证" in str(told["beside"])
    kinds = [each["kind"] for each in head.get(f"{case}/timeline").get_json()["events"]]
    assert kinds.count("suspend") == 1


def test_what_is_approved_is_what_was_shown(officer: Program, head: Program, case: str) -> None:
    officer.done(case, "suspend", **ASKED)
    shown = head.get(case).get_json()["asked"]["shown"]
    officer.done(case, "suspend", **{**ASKED, "planned_days": 90})
    answer = head.post(f"{case}/procedure/approve", {"shown": shown}).get_json()
    assert answer["code"] == "stale" and "提议已更改" in answer["zh"]
    assert head.post(f"{case}/procedure/approve", {}).get_json()["field"] == "shown"
    now = head.get(case).get_json()["asked"]["shown"]
    head.done(case, "decide", outcome="approve")
    answer = head.post(f"{case}/procedure/approve", {"shown": now}).get_json()
    assert answer["code"] == "stale" and "请审查人重新提出" in answer["zh"]


def test_a_proposal_is_dropped_once(officer: Program, head: Program, case: str) -> None:
    officer.done(case, "suspend", **ASKED)
    for _ in range(2):
        answer = head.post(f"{case}/procedure/reject", {"answer": "不需要听证"}, "reject-001")
        assert answer.status_code == 200, answer.text
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert head.get(case).get_json()["asked"] is None
    assert head.post(f"{case}/procedure/reject", {}).get_json()["code"] == "not_found"


def test_the_registers_say_who_may_decide_and_which_seals_there_are(
    officer: Program, head: Program, county: Counter
) -> None:
    assert officer.get("/delegations").get_json() == {"delegations": [], "absences": []}
    assert officer.get("/seals").get_json() == {"seals": []}
    county.member.casebook.enter("0823", {"head"}, 70, {**DELEGATED})
    (told,) = officer.get("/delegations").get_json()["delegations"]
    assert (told["a"], told["full"], told["in_force"]) == ("0822", ["036"], False)
    assert told["state"]["zh"] == "待中心同意"
    of = [
        bytes.fromhex(told["position"][:32]),
        int(told["position"].split(".")[1]),
        bytes.fromhex(told["position"][-16:]),
    ]
    county.member.casebook.enter("0830", {"business"}, 70, {"what": "consent", "of": of, "document_no": "中心函1号"})
    county.member.casebook.enter("0823", {"head"}, 70, {"what": "absent", "person": "0822", "first": "2026-11-18"})
    told = officer.get("/delegations").get_json()
    assert told["delegations"][0]["in_force"] is True
    assert [(out["person"], out["last"]) for out in told["absences"]] == [("0822", "")]
    county.member.casebook.enter("0823", {"head"}, 71, SEAL)
    (seal,) = officer.get("/seals").get_json()["seals"]
    assert (seal["seal_no"], seal["custodians"], seal["in_use"]) == ("文旅2号章", ["0822"], True)


DELEGATED = {
    "what": "delegate", "department": "文旅", "head": "0823", "head_name": "冯局长", "a": "0822", "a_name": "楚科长",
    "full": ["036"], "limited": [], "first": "2026-11-01", "last": "2028-10-31", "document_no": "文旅委〔2026〕1号",
}  # fmt: skip
SEAL = {
    "seal_no": "文旅2号章", "use": "decision", "owner": "庆城县文化和旅游局", "department": "文旅",
    "custodians": ["0822"], "first": "2026-08-01", "document_no": "印1号",
}  # fmt: skip
