"""Saving a bundle to a stick and opening one, from the page of somebody who has never done it."""

import re
import threading
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace

import pytest
from werkzeug.test import TestResponse

from sync_protocol import limits
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.web.counter import Counter, Visitor
from village_node.courier import Courier, Outcome, Tell, Trouble, slices, untold
from village_node.courier.stick import Source
from village_node.store import NotSaved
from village_node.web import couriers
from village_node.web.site import SITE


def saved(visitor: Visitor, place: str) -> tuple[str, bytes]:
    """The file that the browser saves."""
    answer = visitor.send("/courier/save", {"place": place})
    assert answer.status_code == 200, answer.text[:2000]
    named = re.fullmatch(r'attachment; filename="(sanji-[0-9a-f]{16}\.sanji)"', answer.headers["Content-Disposition"])
    assert named, answer.headers
    return named[1], answer.data


def opened(visitor: Visitor, name: str, raw: bytes, do: str = "take") -> TestResponse:
    """The page after that file was chosen."""
    return visitor.send("/courier/take", {"bundle": (BytesIO(raw), name), "do": do})


def _written(name: str) -> SimpleNamespace:
    """What is told of a bundle that was written, as far as the page asks."""
    return SimpleNamespace(name=name)


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    """A clerk of the township, signed in."""
    return township.sign_in("0101", "clerk", name="赵站员")


@pytest.fixture
def met(agent: Visitor, clerk: Visitor) -> None:
    """Both have the other's key."""
    opened(agent, *saved(clerk, VILLAGE))
    opened(clerk, *saved(agent, TOWNSHIP))


@pytest.mark.usefixtures("met")
def test_a_case_goes_up_and_its_receipt_comes_back_and_the_strip_says_where_it_is(
    agent: Visitor, clerk: Visitor, village: Counter, township: Counter
) -> None:
    agent.file()
    assert "已拷出" not in agent.open("/work").text
    name, raw = saved(agent, TOWNSHIP)
    strip = agent.open("/work").text
    assert "有 1 件未上报；其中 1 件已拷出，尚未收到回执" in strip
    assert "1 件已拷出，尚未收到回执" in agent.open("/courier").text
    assert "核对无误" in opened(agent, name, raw, "check").text, "our own file is looked at before the stick is pulled"
    page = opened(clerk, name, raw)
    assert page.status_code == 200 and "上关村的拷盘：收下 2 条新记录" in page.text
    assert "以前导入过，没有新内容" in opened(clerk, name, raw).text
    assert len(township.member.casebook.work_list("all").rows) == 1
    assert "新回执" in opened(agent, *saved(clerk, VILLAGE)).text
    assert (
        "已拷出" not in agent.open("/courier").text.replace("最近拷出", "").replace("拷出文件", "").split("<table")[0]
    )
    assert "未上报" not in agent.open("/work").text
    assert village.member.casebook.carried().cases == 0 and township.member.casebook.bundles_in(5)


def test_the_first_walk_says_that_it_is_for_the_keys(agent: Visitor, clerk: Visitor) -> None:
    assert "驿马镇（第一次：只交换密钥）" in agent.open("/courier").text
    page = opened(agent, *saved(clerk, VILLAGE)).text
    assert "驿马镇的拷盘：收下对方的密钥，现在可以向对方拷出" in page
    assert "驿马镇（第一次" not in page and "庆城县（第一次" in page


@pytest.mark.usefixtures("met")
def test_a_file_that_takes_long_is_read_on_while_the_page_says_how_far_it_is(
    agent: Visitor, clerk: Visitor, village: Counter, township: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.file()
    name, raw = saved(agent, TOWNSHIP)
    go_on, taken = threading.Event(), Courier._taken

    def slow(courier: Courier, actor: str, source: Source, tell: Tell) -> Outcome:
        tell(3, 12)
        assert go_on.wait(30.0)
        return taken(courier, actor, source, untold)

    monkeypatch.setattr(couriers, "WAIT_S", 0.0)
    monkeypatch.setattr(Courier, "_taken", slow)
    errands = township.app.extensions[SITE].errands
    begun = opened(clerk, name, raw)
    assert (begun.status_code, begun.headers["Location"]) == (303, "/courier/under-way")
    while not errands.of("0101").of:  # until the worker has begun
        pass
    page = clerk.open("/courier/under-way")
    assert page.headers["Refresh"] == "2" and "已完成 3 部分，共 12 部分" in page.text
    assert clerk.open("/courier").headers["Location"] == "/courier/under-way", "whoever comes back finds it"
    again = opened(clerk, name, raw)
    assert again.status_code == 409 and "请等它完成后再试" in again.text
    assert clerk.open("/work").status_code == 200
    go_on.set()
    errands.of("0101").future.result(30.0)
    page = clerk.open("/courier/under-way")
    assert "上关村的拷盘：收下 2 条新记录" in page.text and "Refresh" not in page.headers
    assert clerk.open("/courier").status_code == 200, "it is told once"
    assert clerk.open("/courier/under-way").headers["Location"] == "/courier"
    monkeypatch.setattr(Courier, "fold", lambda *_, **__: go_on.wait(30.0) and (_written(name), raw))
    go_on.clear()
    assert clerk.send("/courier/save", {"place": VILLAGE}).headers["Location"] == "/courier/under-way"
    assert "正在写拷盘文件" in clerk.open("/courier/under-way").text
    assert clerk.send("/courier/save", {"ready": "1"}).headers["Location"] == "/courier", "it is not whole yet"
    go_on.set()
    errands.of("0101").future.result(30.0)
    page = clerk.open("/courier/under-way")
    assert "拷盘文件已经写好" in page.text and "Refresh" not in page.headers
    given = clerk.send("/courier/save", {"ready": "1"})
    assert given.data == raw and name in given.headers["Content-Disposition"]
    errands.close()


@pytest.mark.usefixtures("met")
def test_what_went_wrong_in_a_long_errand_is_told_to_who_asked(
    clerk: Visitor, agent: Visitor, township: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, raw = saved(agent, TOWNSHIP)
    errands = township.app.extensions[SITE].errands
    monkeypatch.setattr(couriers, "WAIT_S", 0.0)
    for fault, status, said in (
        (Trouble("U 盘坏了", "the stick is broken"), 422, "U 盘坏了"),
        (NotSaved("磁盘已满", "the disk is full"), 503, "磁盘已满"),
    ):

        def fails(*_: object, fault: Exception = fault, **__: object) -> None:
            raise fault

        monkeypatch.setattr(Courier, "_taken", fails)
        opened(clerk, name, raw)
        if errands.of("0101") is None:
            continue  # it had failed before the page looked: the answer said so
        assert errands.of("0101").future.exception(30.0) is fault
        page = clerk.open("/courier/under-way")
        assert page.status_code == status and said in page.text


@pytest.mark.usefixtures("met")
def test_the_slip_says_from_whom_to_whom_and_nothing_of_anybody(agent: Visitor) -> None:
    agent.file()
    name, _ = saved(agent, TOWNSHIP)
    page = agent.open("/courier").text
    path = re.findall(r'href="(/courier/slip/[0-9a-f]{32})"', page)[0]
    slip = agent.open(path).text
    for words in ("拷盘交接单", "上关村", "驿马镇", "<dd>2</dd>", name.removesuffix(".sanji")):
        assert words in slip
    assert "张" not in slip and "13800001234" not in slip
    assert agent.open("/courier/slip/" + "0" * 32).status_code == 404
    assert agent.open("/courier/slip/zz").status_code == 404


@pytest.mark.usefixtures("met")
def test_that_not_everything_fitted_stands_on_the_page_and_on_the_slip(
    agent: Visitor, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(limits, "SEGMENT_EVENTS", 1)
        small.setattr(slices, "SLICE_BYTES", 500)
        small.setattr(Courier.fold, "__defaults__", ("", 600))
        agent.file()
        name, raw = saved(agent, TOWNSHIP)
    page = agent.open("/courier").text
    assert "最近拷给驿马镇的一份没有装完" in page and "没装完</span>" in page.replace("\n", "")
    slip = agent.open(re.findall(r'href="(/courier/slip/[0-9a-f]{32})"', page)[0]).text
    assert "还有记录没有装下：请把回执带回，再拷一次" in slip
    opened(clerk, name, raw)
    opened(agent, *saved(clerk, VILLAGE))
    opened(clerk, *saved(agent, TOWNSHIP))
    page = agent.open("/courier").text
    assert "的一份没有装完" not in page
    assert "还有记录没有装下" not in agent.open(re.findall(r'href="(/courier/slip/[0-9a-f]{32})"', page)[0]).text


def test_one_file_of_a_folder_by_itself_is_told_apart_and_what_to_do(agent: Visitor, clerk: Visitor) -> None:
    _, raw = saved(clerk, VILLAGE)
    head = raw[4 : 4 + int.from_bytes(raw[:4])]
    for name, content in (("head.sanji", head), ("part-0001.sanji", bytes(99))):
        for do in ("take", "check"):
            answer = opened(agent, name, content, do)
            assert answer.status_code == 422 and "只是拷盘文件夹里的一个文件" in answer.text
            assert "请对方在网页上重新拷出" in answer.text


def test_the_page_says_to_plug_the_stick_in_again_before_it_is_looked_at(agent: Visitor) -> None:
    page = agent.open("/courier").text
    assert "安全弹出 U 盘，重新插上，再用下面的“只核对”" in page and "对方收到没有，要看带回的回执" in page


@pytest.mark.parametrize(
    ("raw", "says"),
    [(b"", "不是拷盘文件"), (b"PK\x03\x04" + bytes(99), "不是拷盘文件"), (b"\0\0\0\x20" + bytes(40), "不是拷盘文件")],
)
def test_another_file_is_refused_in_words(agent: Visitor, raw: bytes, says: str) -> None:
    answer = opened(agent, "照片.jpg", raw)
    assert answer.status_code == 422 and says in answer.text


def test_what_is_no_choice_is_refused_in_words(agent: Visitor, village: Counter) -> None:
    assert "请先选择 U 盘上的拷盘文件" in agent.send("/courier/take", {"do": "take"}).text
    for place in ("", VILLAGE, "/etc", "621021102000"):
        answer = agent.send("/courier/save", {"place": place})
        assert answer.status_code == 422 and "请从所列单位中选择" in answer.text
    assert not village.member.casebook.bundles_out(9)


def test_a_damaged_file_and_one_for_others_are_told_apart(
    agent: Visitor, clerk: Visitor, county: Counter, met: None
) -> None:
    agent.file()
    name, raw = saved(agent, TOWNSHIP)
    page = opened(clerk, name, raw[:-1] + bytes([raw[-1] ^ 1]))
    assert "第 1 部分（共 1 部分）损坏" in page.text and "请让对方重新拷出" in page.text
    assert "不完整，请对方重新拷出" in clerk.open("/courier").text
    window = county.sign_in("1001", "window")
    assert "不是给本单位的，请交给驿马镇" in opened(window, name, raw).text
    assert "收下 2 条新记录" in opened(clerk, name, raw).text
    assert county.member.place == COUNTY


def test_only_who_is_signed_in_may_send_a_large_file(agent: Visitor, village: Counter) -> None:
    large = bytes(2 << 20)
    assert opened(agent, "x.sanji", large).status_code == 422
    stranger = village.visitor()
    assert opened(stranger, "x.sanji", large).status_code == 413
    beyond = opened(agent, "x.sanji", bytes(13 << 20))
    assert beyond.status_code == 413 and "超过 12 MB" in beyond.text


@pytest.fixture
def slow(clerk: Visitor, met: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Has a bundle written that no page waits for, which ends with these bytes or with that trouble."""

    def begin(end: object) -> None:
        def folded(*_: object, **__: object) -> tuple[SimpleNamespace, object]:
            assert go_on.wait(30.0)
            if isinstance(end, Exception):
                raise end
            return _written("sanji-0.sanji"), end

        go_on = threading.Event()
        monkeypatch.setattr(couriers, "WAIT_S", 0.0)
        monkeypatch.setattr(Courier, "fold", folded)
        assert clerk.send("/courier/save", {"place": VILLAGE}).status_code == 303
        errand = clerk.counter.app.extensions[SITE].errands.of("0101")
        go_on.set()
        errand.future.exception(30.0)

    return begin


@pytest.mark.parametrize("path", ["/courier", "/courier/under-way"])
def test_a_bundle_that_could_not_be_written_is_never_called_whole(
    clerk: Visitor, slow: Callable[[object], None], path: str
) -> None:
    slow(Trouble("没有可拷的", "nothing to write"))
    page = clerk.open(path)
    assert page.status_code == 409 and "没有可拷的" in page.text and "已经写好" not in page.text
    assert "没有可拷的" not in clerk.open("/courier").text, "it is told once"
    slow(NotSaved("磁盘已满", "the disk is full"))
    page = clerk.open(path)
    assert page.status_code == 503 and "磁盘已满" in page.text and "已经写好" not in page.text


def test_a_bundle_that_waits_to_be_saved_bars_nobody_from_the_page_and_can_be_dropped(
    clerk: Visitor, slow: Callable[[object], None]
) -> None:
    slow(b"whole")
    for _ in range(2):
        page = clerk.open("/courier")
        assert page.status_code == 200 and "已经写好" in page.text and 'name="bundle"' in page.text
    assert clerk.send("/courier/save", {"ready": "save"}).data == b"whole"
    assert "已经写好" not in clerk.open("/courier").text
    slow(b"unwanted")
    assert clerk.send("/courier/save", {"ready": "drop"}).headers["Location"] == "/courier"
    assert "已经写好" not in clerk.open("/courier").text
    assert clerk.send("/courier/save", {"ready": "save"}).headers["Location"] == "/courier"


@pytest.mark.usefixtures("met")
def test_a_further_worker_says_where_sticks_are_written_and_read(clerk: Visitor, township: Counter) -> None:
    """What it began could be told by itself alone, and the next question may go to any worker."""
    township.member.casebook.pages_only = True
    answers = [clerk.open("/courier"), clerk.open("/courier/under-way"), opened(clerk, "a", b"b")]
    for answer in (*answers, clerk.send("/courier/save", {"place": VILLAGE})):
        assert answer.status_code == 503 and "负责同步的主进程" in answer.text
    assert township.app.extensions[SITE].errands.of("0101") is None
