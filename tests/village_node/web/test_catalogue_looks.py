"""What the page shows of another county's file before it is published: all of it, and under the right words."""

import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest

from sync_protocol.case.catalogue import Item
from sync_protocol.case.workdays import day_of
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor
from village_node.web.item_form import typed_of

DAY_MS = 86_400_000


@pytest.fixture
def head(county: Counter) -> Visitor:
    return county.sign_in("1004", "head", name="孙丽")


def today(counter: Counter, days: int = 0) -> str:
    return (day_of(counter.member.clock()) + timedelta(days)).isoformat()


def newest(counter: Counter, item_no: str = "001") -> Item:
    found = counter.member.casebook.catalogue.newest(item_no)
    assert found is not None
    return found


def published(visitor: Visitor, item_no: str = "001", **changes: str) -> None:
    """Another version of an item goes out here."""
    counter = visitor.counter
    typed = {name: text for name, text in typed_of(newest(counter, item_no)).items() if text}
    told = {"version": str(newest(counter, item_no).version + 1), "begins": today(counter), "reason": "调整"}
    answer = visitor.send(f"/catalogue/{item_no}", {**typed, **told, "do": "publish", **changes})
    assert answer.status_code == 303, answer.text


def file_of(visitor: Visitor, **fields: str) -> dict[str, Any]:
    """The file of the items here, of which the versions of item 001 say something else."""
    said: dict[str, Any] = json.loads(visitor.open("/catalogue/whole.json").data)
    for line in said["items"]:
        if line["item_no"] == "001":
            line["fields"].update(fields)
    return said


def line_of(said: dict[str, Any], item_no: str = "001") -> dict[str, Any]:
    """The first line of an item in a file."""
    return next(line for line in said["items"] if line["item_no"] == item_no)


def brought(visitor: Visitor, said: dict[str, Any]) -> str:
    """The page on which the file is looked at."""
    token = re.findall(r'name="token" value="([^"]+)"', visitor.open("/catalogue/import").text)[0]
    sent = {"token": token, "file": (io.BytesIO(json.dumps(said).encode()), "catalogue.json")}
    answer = visitor.client.post("/catalogue/import", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303, re.findall(r"没有导入[^<]*", answer.text)
    return visitor.open("/catalogue/import").text


def shown_in(page: str) -> str:
    return re.findall(r'name="shown" value="([0-9a-f]{64})"', page)[0]


def sent(visitor: Visitor, page: str, **changes: Any) -> Any:
    fields = {"shown": shown_in(page), "begins": today(visitor.counter), "reason": "县政府令"}
    return visitor.send("/catalogue/import/publish", {**fields, **changes})


def test_every_version_that_goes_out_is_shown_though_the_newest_is_the_same(head: Visitor, county: Counter) -> None:
    published(head, name="待生效的名称", begins=today(county, 30))
    said = file_of(head)
    line_of(said)["fields"]["note"] = "现在的说明"
    page = brought(head, said)
    assert "现在的说明" in page and "公布 2 个版本" in page and "所含事项有变" not in page
    assert sent(head, page).status_code == 303
    assert [item.note for item in county.member.casebook.catalogue.versions("001")][2] == "现在的说明"


def test_a_version_to_come_that_would_never_begin_is_shown(head: Visitor, county: Counter) -> None:
    published(head, name="待生效的名称", begins=today(county, 30))
    said = file_of(head)
    said["items"] = [line for line in said["items"] if line["item_no"] != "001" or "begins" not in line]
    page = brought(head, {**said, "written_ms": said["written_ms"] + DAY_MS})
    assert "不再生效" in page and f"{today(county, 30)} 待生效的名称" in page


def test_each_version_is_compared_with_its_own(head: Visitor, county: Counter) -> None:
    later = today(county, 30)
    published(head, begins=later, note="将来")
    said = file_of(head)
    coming = [line for line in said["items"] if line["item_no"] == "001"][1]
    coming["fields"]["note"] = "将来改"
    page = brought(head, said)
    assert "将来<br>→ 将来改" in page and f"自 {later}" in page and f"（空）<br>→ {later}" not in page


@pytest.mark.parametrize("how", ["closed", "over"])
def test_what_has_ended_here_goes_on_only_where_somebody_ticks_it(head: Visitor, county: Counter, how: str) -> None:
    said = file_of(head)
    published(head, **({"closed": "yes"} if how == "closed" else {"ends": today(county)}))
    county.member.clock.now_ms += 2 * DAY_MS
    head = county.sign_in("1005", "head")
    page = brought(head, {**said, "written_ms": county.member.clock()})
    assert "本县已停办" in page and 'name="take" value="001:2"' in page and "有变化" not in page
    field = "不再收件" if how == "closed" else "失效日期"
    assert f"<dt>{field}" in page, "compared with our newest, though it is over"
    assert sent(head, page).status_code == 422 and newest(county).version == 2
    assert sent(head, page, take="001:2").status_code == 303
    assert newest(county).version == 3 and newest(county).in_force and newest(county).ends is None


def test_what_was_published_behind_the_page_is_not_overwritten_by_its_tick(head: Visitor, county: Counter) -> None:
    said = file_of(head, note="文件的")
    county.member.clock.now_ms += 60_000
    published(head, note="本县的")
    page = brought(head, said)
    assert 'name="take" value="001:2"' in page
    published(county.sign_in("1005", "officer"), note="同事刚公布的")
    refused = sent(head, page, take="001:2", reason="我写的理由")
    assert refused.status_code == 409 and "请重新查看" in refused.text and "我写的理由" in refused.text
    assert "同事刚公布的" in refused.text and " checked" not in refused.text, "what is ticked is ticked anew"
    assert newest(county).note == "同事刚公布的"
    assert sent(head, refused.text, take="001:2").status_code == 422, "an old tick alone ticks nothing either"
    assert sent(head, refused.text, take="001:3").status_code == 303 and newest(county).note == "文件的"


def test_a_tick_stays_where_something_else_was_published(head: Visitor, county: Counter) -> None:
    said = file_of(head, note="文件的")
    line_of(said, "022")["fields"]["note"] = "也改"
    county.member.clock.now_ms += 60_000
    published(head, note="本县的")
    page = brought(head, said)
    published(head, "022", note="别的")
    refused = sent(head, page, take="001:2")
    assert refused.status_code == 409 and re.search(r'value="001:2"\s+checked', refused.text)


def test_a_long_text_is_shown_where_it_differs(head: Visitor, county: Counter) -> None:
    published(head, guide_conditions="甲" * 400 + "旧的条件" + "乙" * 400)
    page = brought(head, file_of(head, guide_conditions="甲" * 400 + "新的规定" + "乙" * 400))
    before, after = re.findall(r"<dd>([^<]*)<br>→ ([^<]*)</dd>", page)[0]
    assert before.startswith("…甲") and "旧的条件" in before and before.endswith("乙…") and "新的规定" in after
    assert len(before) < 250


def test_what_is_to_be_considered_is_shown_at_its_item(head: Visitor, county: Counter) -> None:
    page = brought(head, file_of(head, note="改了"))
    assert "承诺 25 天，超过法定 30 天的一半" in page
    told = program_at(county, "2003", "business").post("/catalogue/import", {"catalogue": file_of(head, note="改了")})
    row = next(row for row in told.get_json()["rows"] if row["item_no"] == "001")
    assert "超过法定" in row["considered"][0]["zh"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"publicity_unit": "weeks"}, "公示按", "calendar"),
        ({"publicity_unit": ""}, "公示按", "calendar"),
        ({"decide_level": "moon"}, "决定", "township"),
        ({"statutory_days": ""}, "法定工作日", "没有写 0"),
        ({"promised_days": ""}, "承诺工作日", "没有写 0"),
        ({"sample": ""}, "时限为示例", "days_are"),
    ],
)
def test_what_the_form_would_make_up_is_refused_with_its_field(
    head: Visitor, county: Counter, fields: dict[str, str], field: str, words: str
) -> None:
    page = brought(head, file_of(head, **fields))
    assert "不能公布" in page and re.search(rf"<strong>{field}[^<]*</strong>：[^<]*{words}", page)
    assert newest(county).version == 1


def test_what_is_over_before_the_day_is_left_out_and_the_rest_goes_out(head: Visitor, county: Counter) -> None:
    said = file_of(head, note="改了")
    short = {**line_of(said), "item_no": "901", "ends": today(county, 3)}
    said["items"].append(short)
    page = brought(head, said)
    assert "公布 2 个版本" in page
    assert sent(head, page, begins=today(county, 10)).status_code == 303
    assert county.member.casebook.catalogue.newest("901") is None and newest(county).note == "改了"
    later = head.open("/catalogue/import").text
    assert "选择文件" in later, "the file is done"
    told = program_at(county, "2003", "business").post(
        "/catalogue/import", {"catalogue": said, "begins": today(county, 10)}
    )
    row = next(row for row in told.get_json()["rows"] if row["item_no"] == "901")
    assert (row["standing"], row["taken"], row["left_out"]) == ("over", False, 1)
    refused = sent(head, brought(head, said), begins=today(county, 10))
    assert refused.status_code == 422 and "已到期" in refused.text and "没有要公布的事项" in refused.text


def test_a_request_that_comes_again_is_told_how_many_went_out_and_no_rows(head: Visitor, county: Counter) -> None:
    brought(head, file_of(head, note="网页的"))
    program = program_at(county, "2003", "business")
    body = {"catalogue": file_of(head, note="程序的"), "publish": True, "reason": "启用"}
    first = program.post("/catalogue/import", body, "request-catalogue-2").get_json()
    again = program.post("/catalogue/import", body, "request-catalogue-2").get_json()
    assert first["published"] == again["published"] == 1 and (again["rows"], again["beside"]) == (None, None)
    assert county.member.casebook.catalogue_file() is not None, "nobody else's file is dropped"


def test_a_program_that_names_a_version_which_is_not_the_newest_is_refused(head: Visitor, county: Counter) -> None:
    said = file_of(head, note="文件的")
    county.member.clock.now_ms += 60_000
    published(head, note="本县的")
    program = program_at(county, "2003", "business")
    body = {"catalogue": said, "publish": True, "reason": "启用"}
    for stale in ("001:1", "001", "999:1"):
        refused = program.post("/catalogue/import", {**body, "take": [stale]})
        assert refused.status_code == 422 and "take" in refused.text, stale
    assert newest(county).note == "本县的"
    assert program.post("/catalogue/import", {**body, "take": ["001:2"]}).get_json()["published"] == 1
    assert newest(county).begins == date.fromisoformat(today(county))


def test_a_refused_day_can_be_mended_where_it_was_typed(head: Visitor, county: Counter) -> None:
    page = brought(head, file_of(head, note="改了"))
    refused = sent(head, page, begins="2026-01-01")
    assert refused.status_code == 422 and "生效日期不能早于今天" in refused.text
    assert 'name="begins"' in refused.text and sent(head, refused.text).status_code == 303


def test_two_versions_of_which_the_first_waits_for_its_day_are_the_same_again(head: Visitor, county: Counter) -> None:
    said = file_of(head, note="改了")
    coming = {**line_of(said), "version": 2, "begins": today(county, 30)}
    said["items"].append({**coming, "fields": {**coming["fields"], "note": "再改"}})
    page = brought(head, said)
    assert sent(head, page, begins=today(county, 10)).status_code == 303
    assert "内容相同" in brought(head, said)
