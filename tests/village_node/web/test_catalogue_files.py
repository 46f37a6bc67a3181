"""The whole catalogue of a county as a file, and what becomes of it at another county."""

import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case.workdays import day_of
from tests import builders
from tests.builders import COUNTY, VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, open_counter, problems
from village_node.casebook import BadBody, NotAllowed
from village_node.web import catalogue_file
from village_node.web.catalogue_file import BadFile
from village_node.web.item_form import typed_of

NEW = {"name": "临时占道", "name_en": "Use of a road", "guide_procedure": "先踏勘，后决定"}


@pytest.fixture
def business(county: Counter) -> Visitor:
    """Of the county on trial: one item changed, and a new one with another version of it that is to come."""
    visitor, network = county.sign_in("1004", "business", name="孙丽"), county
    assert (
        visitor.send(
            "/catalogue/001",
            {
                **form_of(network, "001"),
                "guide_conditions": "本县户籍",
                "promised_days": "14",
                "budget_township_days": "5",
                "budget_county_days": "7",
            },
        ).status_code
        == 303
    )
    told = {**form_of(network, "001"), **NEW, "item_no": "901", "version": "1"}
    assert visitor.send("/catalogue/new", told).status_code == 303
    later = (day_of(network.member.clock()) + timedelta(30)).isoformat()
    coming = {**form_of(network, "901"), "name": "临时占道许可", "begins": later}
    assert visitor.send("/catalogue/901", coming).status_code == 303
    return visitor


def form_of(counter: Counter, item_no: str) -> dict[str, str]:
    """The form of an item, ready to be published."""

    book = counter.member.casebook
    item = book.catalogue.newest(item_no)
    assert item is not None
    told = {
        "version": str(book.next_version(item_no)),
        "begins": day_of(book.clock()).isoformat(),
        "reason": "县政府令",
    }
    return {**{name: text for name, text in typed_of(item).items() if text}, **told, "do": "publish"}


@pytest.fixture
def live(tmp_path: Path) -> Any:
    """Another county, where nothing was published yet."""
    (tmp_path / "live").mkdir()
    network = builders.network(tmp_path / "live")
    network.clock.now_ms = 1_795_000_000_000
    yield open_counter(network.members[COUNTY], tmp_path / "live")
    network.close()


def taken(visitor: Visitor, raw: bytes) -> Any:
    """A file is handed in to be looked at."""
    return visitor.client.post(
        "/catalogue/import",
        data={"token": token_of(visitor), "file": (io.BytesIO(raw), "catalogue.json")},
        content_type="multipart/form-data",
    )


def token_of(visitor: Visitor) -> str:
    return re.findall(r'name="token" value="([^"]+)"', visitor.open("/catalogue/import").text)[0]


def standings(visitor: Visitor) -> dict[str, str]:
    """Item -> how it stands, of all that the page shows one by one."""
    page = visitor.open("/catalogue/import").text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr><td>(\S+) [^<]*</td>\s*<td[^>]*>.*?</svg> ([^<]*)</span>", page, re.DOTALL)
    return dict(rows)


def publish(visitor: Visitor, **changes: Any) -> Any:
    page = visitor.open("/catalogue/import").text
    fields = dict(re.findall(r'name="(shown|once|begins|reason)"[^>]*value="([^"]*)"', page))
    fields |= dict(re.findall(r'value="([^"]*)"[^>]*name="(begins|reason)"', page))
    return visitor.send(
        "/catalogue/import/publish", {"begins": "2026-11-18", "reason": "试用后启用", **fields, **changes}
    )


def said(counter: Counter) -> list[tuple[object, ...]]:
    """All that counts there, without numbers of versions."""
    book = counter.member.casebook
    lines = catalogue_file.lines_of(book.catalogue, day_of(book.clock()))
    return [(line.item_no, *line.said) for line in lines]


def test_what_was_tried_goes_live_whole_and_a_second_time_changes_nothing(
    business: Visitor, county: Counter, live: Counter
) -> None:
    raw = business.open("/catalogue/whole.json").data
    head = live.sign_in("2001", "head", name="赵")
    before = len(live.member.casebook.catalogue.items())
    assert taken(head, raw).status_code == 303
    assert standings(head) == {"001": "有变化", "901": "新增"}
    page = head.open("/catalogue/import").text
    assert "本县户籍" in page and "受理条件" not in page.partition("<tbody>")[0] and "公布 3 个版本" in page
    assert len(live.member.casebook.catalogue.items()) == before, "looking changes nothing"
    assert publish(head, reason="试用后启用").headers["Location"].startswith("/catalogue?done=")
    assert said(live) == said(county)
    assert [item.version for item in live.member.casebook.catalogue.versions("901")] == [1, 2]
    book = live.member.casebook
    assert {each.publication.said.reason for each in book.history() if each.publication} == {"试用后启用"}
    assert taken(head, raw).status_code == 303
    page = head.open("/catalogue/import").text
    assert standings(head) == {} and "内容相同" in page and "/catalogue/import/publish" in page
    again = publish(head)
    assert again.status_code == 422 and "没有要公布的事项" in again.text
    assert head.send("/catalogue/import/publish", {"do": "drop"}).status_code == 303
    assert head.send("/catalogue/import/publish", {"do": "drop"}).status_code == 409


def test_a_theme_goes_out_behind_its_items_and_again_when_they_change(
    business: Visitor, county: Counter, live: Counter
) -> None:
    own = {
        "name": "一件事",
        "name_en": "One matter",
        "members": "001\n901",
        "papers": "",
        "form": "",
        "rules": "",
        "special_procedures": "",
    }
    told = {**form_of(county, "001"), **own, "item_no": "100", "version": "1"}
    answer = business.send("/catalogue/new", told)
    assert answer.status_code == 303, problems(answer.text)  # under a number before those of its items
    head = live.sign_in("2001", "head")
    taken(head, business.open("/catalogue/whole.json").data)
    assert standings(head) == {"001": "有变化", "100": "新增", "901": "新增"}
    assert publish(head).status_code == 303
    made = live.member.casebook.catalogue.newest("100")
    assert made is not None and made.member_versions == (2, 2) and said(live) == said(county)
    assert business.send("/catalogue/901", {**form_of(county, "901"), "note": "改了"}).status_code == 303
    taken(head, business.open("/catalogue/whole.json").data)
    assert (
        standings(head) == {"100": "有变化", "901": "有变化"} and "所含事项有变" in head.open("/catalogue/import").text
    )
    assert publish(head).status_code == 303
    again = live.member.casebook.catalogue.newest("100")
    assert again is not None and again.member_versions == (2, 3)


def test_a_day_to_come_is_kept_and_the_file_is_still_the_same_then(business: Visitor, live: Counter) -> None:
    raw = business.open("/catalogue/whole.json").data
    head = live.sign_in("2001", "head")
    taken(head, raw)
    assert publish(head, begins="2026-11-25").status_code == 303
    assert str(live.member.casebook.catalogue.newest("001").begins) == "2026-11-25"  # type: ignore[union-attr]
    taken(head, raw)
    assert "001" not in standings(head)


def test_what_is_newer_here_is_shown_and_stays_unless_somebody_ticks_it(business: Visitor, live: Counter) -> None:
    raw = business.open("/catalogue/whole.json").data
    head = live.sign_in("2001", "head")
    live.member.clock.now_ms += 60_000
    assert head.send("/catalogue/001", {**form_of(live, "001"), "note": "本县自己的"}).status_code == 303
    taken(head, raw)
    assert standings(head) == {"001": "本县已有更新的版本", "901": "新增"}
    assert publish(head).status_code == 303
    mine = live.member.casebook.catalogue.newest("001")
    assert mine is not None and (mine.version, mine.note) == (2, "本县自己的"), "not overwritten"
    taken(head, raw)
    assert standings(head) == {"001": "本县已有更新的版本"}
    assert publish(head, take="001:2").status_code == 303
    theirs = live.member.casebook.catalogue.newest("001")
    assert theirs is not None and (theirs.version, theirs.guide) == (3, (("conditions", "本县户籍"),))


def broken(raw: bytes, **changes: Any) -> bytes:
    """The file with something else in the first version of item 901."""
    told = json.loads(raw)
    line = next(each for each in told["items"] if each["item_no"] == "901")
    for name, value in changes.items():
        (line if name in ("version", "days_are", "begins", "item_no") else line["fields"])[name] = value
    return json.dumps(told).encode()


def test_one_item_that_is_refused_is_named_with_its_field_and_nothing_is_published(
    business: Visitor, live: Counter
) -> None:
    raw = broken(business.open("/catalogue/whole.json").data, promised_days="99")
    head = live.sign_in("2001", "head")
    assert taken(head, raw).status_code == 303
    page = head.open("/catalogue/import").text
    assert (
        standings(head)["901"] == "不能公布"
        and "承诺 99 天，多于法定" in page
        and "公布 " not in page.rpartition("</tbody>")[2]
        and "请在原县改好" in page
    )
    refused = publish(head)
    assert refused.status_code == 422 and "什么也没有公布" in refused.text
    assert live.member.casebook.catalogue.newest("901") is None
    assert live.member.casebook.catalogue.newest("001").version == 1, "neither did the good one go out"  # type: ignore[union-attr]


def test_where_one_version_of_several_is_wrong_none_is_written(live: Counter) -> None:
    book = live.member.casebook
    today = day_of(book.clock())
    lines = catalogue_file.lines_of(book.catalogue, today)[:2]
    good, other = (line.edition(2, today, "试") for line in lines)
    bad = other._replace(item=replace(other.item, promised_days=999))
    with pytest.raises(BadBody) as wrong:
        book.publish_items("2001", {"head"}, [good, bad])
    assert wrong.value.field == "days"
    assert [book.catalogue.newest(line.item_no).version for line in lines] == [1, 1]  # type: ignore[union-attr]
    with pytest.raises(NotAllowed):
        book.publish_items("2001", {"window"}, [good])
    assert book.publish_items("2001", {"head"}, [good]) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "1"}, "(901).version：应为 1 至 65535 的整数"),
        ({"days_are": "mine"}, "(901).days_are：应为 sample"),
        ({"begins": "18.11.2026"}, "(901).begins：请按 年-月-日 填写"),
        ({"surprise": "x"}, "(901).fields.surprise：没有这一项"),
        ({"name": 5}, "(901).fields.name：应为不超过 20000 字的文字"),
        ({"name": "x" * 20_001}, "(901).fields.name：应为不超过 20000 字的文字"),
        ({"delegable": "maybe"}, "(901).fields.delegable：勾选项请填 yes"),
        ({"item_no": "x" * 33}, ".item_no：请填写事项编号"),
    ],
)
def test_a_broken_file_names_the_place_and_leaves_nothing(
    business: Visitor, live: Counter, changes: dict[str, Any], told: str
) -> None:
    head = live.sign_in("2001", "head")
    answer = taken(head, broken(business.open("/catalogue/whole.json").data, **changes))
    assert answer.status_code == 422 and told in answer.text, re.findall(r"没有导入。[^<]*", answer.text)
    assert live.member.casebook.catalogue_file() is None


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "items"), (b"\xff\xfe", ""), (b"[]", "format"), (b"{" * 100_000, ""), (b"[" * 100_000, ""),
        (b'{"format": "sanji-catalogue", "format": "sanji-catalogue"}', ""),
        (b'{"format": "sanji-catalogue", "format_version": 2}', "format_version"),
        (b'{"format": "sanji-catalogue", "format_version": 1, "items": []}', "items"),
        (b'{"format": "sanji-catalogue", "format_version": 1, "items": [[]]}', "items[0]"),
        (b'{"format": "sanji-catalogue", "format_version": 1, "items": [{"item_no": "a b"}]}', "items[0].item_no"),
        (b" " * (catalogue_file.FILE_MOST + 1), ""),
    ],
)  # fmt: skip
def test_what_is_no_catalogue_is_refused_before_anything_is_kept(raw: bytes, where: str) -> None:
    with pytest.raises(BadFile) as bad:
        catalogue_file.read(raw, day_of(0))
    assert bad.value.where == where or not raw


def test_the_same_version_twice_is_no_file(business: Visitor) -> None:
    told = json.loads(business.open("/catalogue/whole.json").data)
    told["items"].append(told["items"][0])
    with pytest.raises(BadFile, match="twice"):
        catalogue_file.of(told, day_of(0))


def test_a_file_that_was_replaced_meanwhile_is_not_published_unseen(business: Visitor, live: Counter) -> None:
    raw = business.open("/catalogue/whole.json").data
    head, other = live.sign_in("2001", "head"), live.sign_in("2002", "officer")
    taken(head, raw)
    shown = re.findall(r'name="shown" value="([0-9a-f]{64})"', head.open("/catalogue/import").text)[0]
    taken(other, broken(raw, name="别的名称"))
    refused = publish(head, shown=shown)
    assert refused.status_code == 409 and "请重新查看" in refused.text
    assert live.member.casebook.catalogue.newest("901") is None
    late = publish(head, begins="2026-11-01")
    assert late.status_code == 422 and "生效日期不能早于今天" in late.text, (
        "the days of the file are judged as typed ones"
    )
    assert "按下面填写的生效日期或理由" in late.text and "请在原县改好" not in late.text


def test_only_who_publishes_items_at_a_county_sees_it(network: Network, county: Counter, village: Counter) -> None:
    for visitor in (village.sign_in("0007", "head"), county.sign_in("1001", "window")):
        for address in ("/catalogue/import", "/catalogue/whole.json"):
            assert visitor.open(address).status_code == 404
    head = county.sign_in("1005", "head")
    assert head.open("/catalogue/import").status_code == 200, "in the stead of a section where nobody is"
    assert "整份导出、导入" in county.sign_in("1004", "business").open("/catalogue").text
    assert head.open("/catalogue/import").status_code == 404
    assert head.open("/catalogue/whole.json").status_code == 200, "to read it publishes nothing"


def test_a_program_looks_and_publishes_and_a_request_again_is_not_done_again(
    business: Visitor, county: Counter, live: Counter
) -> None:
    file = program_at(county, "1010", "business").get("/catalogue/file").get_json()
    program = program_at(live, "2003", "business")
    looked = program.post("/catalogue/import", {"catalogue": file}).get_json()
    assert looked["published"] == 0 and {
        row["item_no"]: row["standing"] for row in looked["rows"] if row["standing"] != "same"
    } == {"001": "changed", "901": "new"}
    body = {"catalogue": file, "publish": True, "reason": "启用"}
    done = program.post("/catalogue/import", body, "request-catalogue-1").get_json()
    assert done["published"] == 3 and said(live) == said(county)
    again = program.post("/catalogue/import", body, "request-catalogue-1")
    assert again.headers["Idempotency-Replayed"] == "true" and len(live.member.casebook.catalogue.versions("901")) == 2
    file["items"][0]["fields"]["surprise"] = "x"
    wrong = program.post("/catalogue/import", {"catalogue": file})
    assert wrong.status_code == 422 and "surprise" in wrong.text


def test_it_reaches_the_villages_as_any_item_does(
    network: Network, business: Visitor, county: Counter, agent: Visitor
) -> None:
    everywhere(network)
    assert "临时占道" in agent.open("/items/901").text and network.members[VILLAGE].casebook.catalogue.newest("901")
