"""What a resident's telephone has sent for a case, as a program of the counter sees and discards it."""

from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_papers import photo
from tests.village_node.web.test_phone import names, opened, sent, trail, village

__all__ = ["village"]


def test_a_program_sees_what_came_and_discards_what_is_none_of_the_case(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    telephone = village.visitor()
    assert sent(telephone, opened(agent, case), photo(), material="身份证").status_code == 303
    program, address = program_at(village, "0801", "agent"), f"{case}/papers/phone"
    [came] = program.get(address).get_json()["files"]
    assert [came["name"]] == names(agent, case) and came["at_ms"] == village.member.clock()
    assert (came["material"], came["media"], came["size"]) == ("身份证", "image/jpeg", len(photo()))
    other = agent.file("016", **PAPERS)
    assert program.post(f"{other}/papers/phone/{came['name']}/discard", {}).status_code == 404, "of that case alone"
    assert program.post(f"{address}/{came['name']}/discard", {}).get_json() == {"files": []}
    assert names(agent, case) == [] and program.get(address).get_json() == {"files": []}
    again = program.post(f"{address}/{came['name']}/discard", {})
    assert (again.status_code, again.get_json()["code"]) == (404, "not_found")
    line = trail(village)[0]
    assert (line.actor, line.action) == ("0801", "phone.discard")
