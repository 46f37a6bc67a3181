"""The numbers of documents by series and year on a page: gaps, and numbers of records that do not count."""

import re

from sync_protocol.case import kinds
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.test_numbering import number_in, stem
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, everywhere
from village_node.store import peers


def test_gaps_of_a_series_and_numbers_of_what_does_not_count_are_named_with_why(
    network: Network, county: Counter, village: Counter
) -> None:
    member, above = network.members[VILLAGE], network.members[TOWNSHIP].casebook
    supervisor = county.sign_in("0801", "supervisor", name="周主任")
    assert "这个单位还没有编过文号" in supervisor.open(f"/document-numbers?place={VILLAGE}").text
    first, second = member.file(item_no="040"), member.file(item_no="040")
    everywhere(network)
    case = above.case(first.scope, first.case_id)
    assert case is not None
    above.propose("0101", {"clerk"}, (first.scope, first.case_id), TOWNSHIP, "村里无人", case.last)
    above.confirm("0102", {"head"}, above.proposals()[0].id)
    member.act(first, kinds.DOCKET)  # before the village hears that the case was taken from it
    with member.store.writing() as connection:
        peers.count_up(connection, f"document {member.identity.incarnation.hex()} 司法 2026 04")
    member.act(second, kinds.DOCKET)
    numbers = [number_in(member, ref, kinds.DOCKET) for ref in (first, second)]
    assert numbers == [f"{stem(member, '04')}-{n}号" for n in (1, 3)]
    everywhere(network)
    page = supervisor.open(f"/document-numbers?place={VILLAGE}").text
    assert "2026 年" in page and "受理通知书" in page
    assert re.findall(r'data-label="(?:编到|有效|空号、未生效)">(\d+)<', page) == ["3", "1", "2"]
    rows = dict(re.findall(r'<tr><td class="number">([^<]*)</td>(.*?)</tr>', page))
    assert rows.keys() == {numbers[0], f"{stem(member, '04')}-2号"}, "the third is simply there"
    assert "文号所在的记录没有生效" in rows[numbers[0]] and "与已生效的记录并列" in rows[numbers[0]]
    assert f"/cases/{VILLAGE}/{first.case_id.hex()}" in rows[numbers[0]]
    assert "本机没有这个文号的记录" in rows[f"{stem(member, '04')}-2号"]
    assert 'href="/document-numbers"' in supervisor.open("/work").text
    assert "这个单位还没有编过文号" in supervisor.open("/document-numbers").text, "the county itself has given none"
    program = program_at(county, "0900", "supervisor")
    (series,) = program.get(f"/document-numbers?place={VILLAGE}").get_json()["series"]
    assert [(each["what"], len(each["records"])) for each in series["odd"]] == [("uncounted", 1), ("missing", 0)]
    assert series["odd"][0]["records"][0]["verdict"] == "contested"
    agent = village.sign_in("0001", "agent")
    assert numbers[1][:-2] in agent.open("/document-numbers?place=621021000000").text, "a village sees its own alone"
