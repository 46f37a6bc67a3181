"""Slips and consultations through the interface for programs, under the rules of the pages."""

from pathlib import Path

from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, exchange, open_counter
from township_node import web as township_pages


def test_a_slip_is_taken_once_attached_once_and_read_by_both(folder: Path) -> None:
    made = network(folder, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    places = {VILLAGE: {}, SECOND_VILLAGE: {}, TOWNSHIP: {"more": township_pages.register}}
    home, far, above = (open_counter(made.members[place], folder, **more) for place, more in places.items())
    up = ((VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP))
    agent, neighbour = program_at(home, "0801", "agent"), program_at(far, "0802", "agent")
    clerk = program_at(above, "0803", "clerk")
    case = agent.file()
    exchange(made, *up)
    paper = {"name": "户口簿", "copies": 1, "original": True}
    said = {"case_no": case["case_no"], "what": "supply", "by": "张秀兰", "contact": "13800001234"}
    bare = neighbour.post("/slips", said, request_id="slip-0000")
    assert bare.status_code == 422 and "materials" in str(bare.get_json())
    said |= {"materials": [paper], "code": case["query_code"]}
    number = neighbour.post("/slips", said, request_id="slip-0001").get_json()["number"]
    again = neighbour.post("/slips", said, request_id="slip-0001")
    assert again.get_json() == {"number": number} and again.headers["Idempotency-Replayed"] == "true"
    exchange(made, *up)
    [listed] = clerk.get("/slips").get_json()["slips"]
    assert (listed["number"], listed["state"], listed["proved"], listed["meets"]) == (number, "waiting", True, TOWNSHIP)
    assert (listed["by"], listed["contact"], listed["materials"]) == ("张*", "138****1234", [paper])
    shown = clerk.post(f"/slips/{number}/unmask", {"reason": "电话核实"}).get_json()
    assert (shown["by"], shown["contact"]) == ("张秀兰", "13800001234")
    assert clerk.post(f"/slips/{number}/unmask", {"reason": ""}).status_code == 422
    assert clerk.post(f"/slips/{number}/attach", {}, request_id="attach-01").get_json() == {"number": number}
    assert clerk.post(f"/slips/{number}/attach", {}, request_id="attach-02").status_code == 409
    declined = clerk.post(f"/slips/{number}/decline", {"text": "重复"}, request_id="decline-1")
    assert declined.status_code == 409
    exchange(made, *up, *reversed(up))
    assert neighbour.get(f"/slips/{number}").get_json()["state"] == "attached"
    held = home.member.casebook.case(f"about:{VILLAGE}", bytes.fromhex(case["case_id"]))
    assert held is not None and held.open_supplies[0].body["materials"] == [["户口簿", 1, True]]
    assert agent.get(f"/slips/{number}").status_code == 404
    made.close()


def test_a_consultation_is_recorded_once_and_followed_to_its_end(village: Counter) -> None:
    agent = program_at(village, "0801", "agent")
    said = {"question": "低保怎么申请", "outcome": "open", "by": "张秀兰", "contact": "13800001234"}
    number = agent.post("/consultations", said, request_id="asked-01").get_json()["number"]
    assert agent.post("/consultations", said, request_id="asked-01").get_json()["number"] == number
    path = f"/consultations/{number}"
    assert agent.post(path, {"outcome": "led"}, request_id="asked-02").status_code == 422
    done = {"outcome": "answered", "told": "带户口簿来"}
    assert agent.post(path, done, request_id="asked-03").get_json() == {"number": number}
    assert agent.post(path, done, request_id="asked-04").status_code == 409
    assert agent.get(path).get_json()["by"] == "张*"
    assert agent.post(f"{path}/unmask", {"reason": "回电答复"}).get_json()["by"] == "张秀兰"
    assert agent.get(f"{path[:-1]}{'0' if path[-1] != '0' else '1'}").status_code == 404
    [listed] = agent.get("/consultations").get_json()["consultations"]
    assert (listed["outcome"], listed["told"], listed["owner"]) == ("answered", "带户口簿来", "0801")
    assert (listed["by"], listed["contact"]) == ("张*", "138****1234")
