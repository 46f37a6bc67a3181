"""A case walks village, township, county and back, and nobody opens a page; replies get lost on the way."""

from tests.builders import TOWNSHIP, Network, delegate_all
from tests.village_node.web.api.program import FILED, path_of, program_at
from tests.village_node.web.counter import Counter, everywhere


def test_a_case_walks_all_three_levels_and_back_through_programs_alone(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    agent = program_at(village, "0801", "agent")
    clerk, reviewer = program_at(township, "0811", "clerk"), program_at(township, "0812", "reviewer")
    window, head = program_at(county, "0821", "window"), program_at(county, "0823", "head")
    delegate_all(county.member, "0822", "0823")  # this item is not delegated: its head decides

    agent.post("/applications", FILED, "platform-20261118-0001")  # the reply to this is lost
    filed = agent.file("platform-20261118-0001")
    assert len(agent.get("/cases").get_json()["cases"]) == 1
    case = path_of(filed)

    def pass_on(program, purpose: str) -> None:
        legal = program.get(f"{case}/moves").get_json()["legal"]
        to = next(each["to"] for each in legal if each["kind"] == "handoff" and each["purpose"] == purpose)
        program.done(case, "handoff", to=to, purpose=purpose)
        network.clock.now_ms += 60_000
        everywhere(network)

    pass_on(agent, "accept")
    clerk.done(case, "accept")
    clerk.done(case, "docket", promised_days=20)
    reviewer.done(case, "review", opinion="agree", text="家庭情况属实")
    pass_on(clerk, "decide")
    window.done(case, "accept")
    head.done(case, "decide", outcome="approve", reasons="符合条件")
    pass_on(window, "deliver")
    told = agent.get(case).get_json()
    receiver = {"621021101201": agent, TOWNSHIP: clerk}[told["transit_to"] or told["holder"]]
    receiver.done(case, "accept")
    receiver.done(case, "delivered", to="张秀兰", how="in_person")
    everywhere(network)

    for program in (agent, clerk, window):
        told = program.get(case).get_json()
        assert (told["state"]["code"], told["decision"]["outcome"]) == ("delivered", "approve")
    events = agent.get(f"{case}/timeline").get_json()["events"]
    assert {each["verdict"]["code"] for each in events} == {"effective"}
    assert [each["kind"] for each in events].count("create") == 1
    assert agent.get(f"{case}/clock").get_json()["readings"]
    papers = [each for each in head.get(f"{case}/documents").get_json()["documents"] if each["code"]]
    assert papers
    answer = agent.post("/query", {"number": filed["case_no"], "code": filed["query_code"]}).get_json()
    assert answer["outcome"] == "approve"


def test_a_case_is_assigned_by_two_programs_and_not_by_one(
    network: Network, village: Counter, township: Counter
) -> None:
    agent = program_at(village, "0801", "agent")
    clerk, head = program_at(township, "0811", "clerk"), program_at(township, "0813", "head")
    case = path_of(agent.file())
    everywhere(network)
    seen = clerk.get(case).get_json()["seen"]
    asked = {"to": TOWNSHIP, "reason": "村里断网多日", "seen": seen}
    assert clerk.post(f"{case}/assignment", asked, "assign-0001").status_code == 200
    assert clerk.post(f"{case}/assignment", asked, "assign-0001").headers["Idempotency-Replayed"] == "true"
    (proposal,) = head.get("/assignments").get_json()["assignments"]
    assert clerk.post(f"/assignments/{proposal['number']}/confirm", {}).status_code == 409
    confirmed = head.post(f"/assignments/{proposal['number']}/confirm", {}, "confirm-01")
    assert confirmed.status_code == 200, confirmed.text
    assert head.post(f"/assignments/{proposal['number']}/confirm", {}, "confirm-01").status_code == 200
    assert head.get(case).get_json()["holder"] == TOWNSHIP
    assert head.post(f"/assignments/{proposal['number']}/reject", {}).get_json()["code"] == "not_allowed_now"
    assert head.post("/assignments/77/reject", {}).status_code == 404
