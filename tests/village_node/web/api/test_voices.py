"""Orders to put right and complaints through the interface for programs, under the rules of the pages."""

from tests.builders import VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, everywhere

SAID = {"place": VILLAGE, "who": "二号窗口", "text": "排队两小时无人理", "by": "张秀兰", "contact": "13800001234"}


def test_a_complaint_is_taken_once_masked_unmasked_answered_and_told(
    network: Network, village: Counter, township: Counter
) -> None:
    township.member.casebook.open_complaints("0101", {"head"})
    everywhere(network)
    agent, head = program_at(village, "0801", "agent"), program_at(township, "0802", "head")
    slip = agent.post("/complaints", SAID, request_id="complaint-1").get_json()
    again = agent.post("/complaints", SAID, request_id="complaint-1")
    assert again.get_json() == {"number": slip["number"], "code": None, "handler": None}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert agent.get("/complaints").status_code == 403
    everywhere(network)
    [listed] = head.get("/complaints").get_json()["complaints"]
    assert (listed["number"], listed["text"], listed["is_answered"]) == (slip["number"], None, False)
    path = f"/complaints/{slip['number']}"
    read = head.get(path).get_json()
    assert (read["text"], read["by"], read["contact"]) == (SAID["text"], "张*", "138****1234")
    shown = head.post(f"{path}/unmask", {"reason": "电话核实"}).get_json()
    assert (shown["by"], shown["contact"]) == (SAID["by"], SAID["contact"])
    answer = {"outcome": "upheld", "text": "已增开窗口"}
    assert head.post(f"{path}/answer", answer, request_id="answer-01").get_json() == {"number": slip["number"]}
    assert head.post(f"{path}/answer", answer, request_id="answer-02").status_code == 409
    everywhere(network)
    told = agent.post("/complaints/tell", {"number": slip["number"], "code": slip["code"]}).get_json()
    assert (told["outcome"], told["answer"], told["by"]) == ("upheld", "已增开窗口", None)
    wrong = agent.post("/complaints/tell", {"number": slip["number"], "code": "0" * 13})
    assert wrong.status_code == 404


def test_an_order_is_listed_answered_and_rated_as_its_list_names_it(network: Network, village: Counter) -> None:
    agent, other = program_at(village, "0801", "agent"), program_at(village, "0803", "agent")
    case = agent.file()
    path = "/cases/" + "/".join((case["place"], case["case_id"]))
    rated = {"grade": "poor", "stage": 1, "text": "没有说清", "channel": "paper"}
    assert other.post(f"{path}/acts/rating", rated, request_id="rating-01").status_code == 200
    [order] = agent.get("/orders").get_json()["orders"]
    assert (order["stage"], order["place"], order["clock"]["limit"], order["unrated"]) == (1, VILLAGE, 15, None)
    put_right = {"order": order["asks"], "text": "已补发告知单"}
    assert agent.post(f"{path}/acts/rectification", put_right, request_id="right-001").status_code == 200
    [order] = agent.get("/orders?view=call").get_json()["orders"]
    said = {"rectification": order["unrated"], "grade": "good", "channel": "phone"}
    assert agent.post(f"{path}/acts/follow_up", said, request_id="follow-01").status_code == 409, "who answered it"
    assert other.post(f"{path}/acts/follow_up", said, request_id="follow-02").status_code == 200
    assert agent.get("/orders?view=call").get_json()["orders"] == []


def test_a_rating_is_appealed_against_and_a_call_recorded_by_programs(network: Network, county: Counter) -> None:
    window, other = program_at(county, "0801", "window"), program_at(county, "0803", "window")
    business = program_at(county, "0805", "business")
    case = window.file(item_no="016")
    path = "/cases/" + "/".join((case["place"], case["case_id"]))
    rated = {"grade": "poor", "stage": 1, "text": "没有说清", "channel": "paper"}
    assert other.post(f"{path}/acts/rating", rated, request_id="rating-01").status_code == 200
    [order] = window.get("/orders").get_json()["orders"]
    appeal = {"of": order["asks"], "what": "appeal", "text": "有录音为证"}
    assert window.post(f"{path}/acts/rating_appeal", appeal, request_id="appeal-01").status_code == 200
    [order] = business.get("/orders?view=appeals").get_json()["orders"]
    found = {"of": order["appealed"], "what": "struck", "text": "听录音，已当场说清"}
    assert window.post(f"{path}/acts/rating_appeal", found, request_id="found-001").status_code == 409
    assert business.post(f"{path}/acts/rating_appeal", found, request_id="found-002").status_code == 200
    for view in ("here", "appeals"):
        assert business.get(f"/orders?view={view}").get_json()["orders"] == []
    early = other.post(f"{path}/acts/call_back", {"reached": True, "text": "满意"}, request_id="called-01")
    assert early.status_code == 409 and "尚未送达" in early.get_json()["zh"]

    asked = {"question": "怎么补", "outcome": "open", "contact": "13800001234"}
    number = window.post("/consultations", asked, request_id="asked-01").get_json()["number"]
    told = {"outcome": "answered", "told": "凭身份证"}
    assert window.post(f"/consultations/{number}", told, request_id="told-0001").status_code == 200
    [callee] = window.get("/calls").get_json()["callees"]
    assert (callee["number"], callee["what"], callee["waits"]) == (number, "consultation", True)
    call = {"reached": True, "text": "已转告"}
    assert window.post(f"/calls/{number}", call, request_id="called-02").status_code == 409
    for _ in range(2):
        assert other.post(f"/calls/{number}", call, request_id="called-03").get_json() == {"number": number}
    listed = window.get("/calls").get_json()
    assert [each["text"] for each in listed["callees"][0]["calls"]] == ["已转告"] and not listed["callees"][0]["waits"]
    assert listed["sums"] == dict.fromkeys(("given", "rated", "called", "reached", "waiting", "calls"), 0)
