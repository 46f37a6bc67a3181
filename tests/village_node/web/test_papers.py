"""Papers on the pages: several files at once, what is refused and why, previews, and originals for a reason."""

import base64
import io
import re
import threading
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from tests.builders import TOWNSHIP, VILLAGE, Network, settle
from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.test_sign_in import plain
from village_node import uploads


def photo(colour: str = "red") -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(drawn, "JPEG")
    return drawn.getvalue()


def upload(visitor: Visitor, case: str, *files: tuple[bytes, str], **values: str) -> TestResponse:
    sent = [(io.BytesIO(raw), name) for raw, name in files]
    return visitor.send(f"{case}/papers", {"material": "身份证", **values, "files": sent})


def positions(page: str) -> list[str]:
    return re.findall(r'name="paper" value="([0-9a-f.]+)"', page)


def test_several_files_are_taken_at_once_shown_and_given_for_a_reason(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    case = agent.file()
    answer = upload(agent, case, (photo(), "正面.jpg"), (photo("blue"), "../../反面.png"))
    assert answer.status_code == 303, problems(answer.text)
    assert upload(agent, case, (photo(), "again.jpg")).status_code == 303, "the very same file is there already"
    page = agent.open(f"{case}/papers").text
    first, second = positions(page)
    assert plain(page).count("原件已到本机") == 2 and "反面" not in page
    drawn = agent.open(f"{case}/papers/{first}/preview")
    assert drawn.headers["Content-Type"] == "image/jpeg" and Image.open(io.BytesIO(drawn.data)).size == (800, 600)
    assert agent.send(f"{case}/papers/{first}/original", {"reason": "看"}).status_code == 422
    given = agent.send(f"{case}/papers/{first}/original", {"reason": "核对身份证"})
    assert given.data == photo() and given.headers["Content-Disposition"].startswith("attachment; ")
    assert (
        given.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in given.headers["Content-Security-Policy"]
    )
    trail = village.accounts.rows.audit_lines(20)
    assert any(line.action == "paper.open" and "核对身份证" in line.detail for line in trail)

    settle(network.members[VILLAGE], network.members[TOWNSHIP])
    clerk = township.sign_in("0002", "clerk")
    page = plain(clerk.open(f"{case}/papers").text)
    assert "原件尚未到齐，0%" in page and "还没有预览图" in page
    assert clerk.open(f"{case}/papers/{first}/preview").status_code == 404
    early = clerk.send(f"{case}/papers/{first}/original", {"reason": "核对身份证"})
    assert early.status_code == 409 and "原件还没有传到本机" in plain(early.text)

    replaced = upload(agent, case, (photo("green"), "a.jpg"), replaces=first)
    assert replaced.status_code == 303, problems(replaced.text)
    withdrawn = agent.send(f"{case}/papers/withdraw", {"paper": second, "reason": "拍错了"})
    assert withdrawn.status_code == 303
    page = plain(agent.open(f"{case}/papers").text)
    assert page.count("原件已到本机") == 1 and "已替换" in page and "拍错了" in page
    course = agent.open(case).text
    assert "上传或撤下材料原件：撤下原件" in course and "照片（JPEG）" in course and "b&#39;" not in course
    again = agent.send(f"{case}/papers/withdraw", {"paper": second, "reason": "拍错了"})
    assert again.status_code == 409 and "已经撤下" in plain(again.text)


def shown(page: str) -> Image.Image:
    (drawn,) = re.findall(r'class="paper-legible"[^>]* src="data:image/jpeg;base64,([A-Za-z0-9+/=]+)"', page)
    return Image.open(io.BytesIO(base64.b64decode(drawn)))


def test_a_paper_is_read_on_a_page_for_a_reason_and_page_by_page(
    network: Network, village: Counter, agent: Visitor
) -> None:
    case = agent.file()
    written = io.BytesIO()
    sheets = [Image.new("RGB", (600, 800), colour) for colour in ("red", "blue")]
    sheets[0].save(written, "PDF", save_all=True, append_images=sheets[1:])
    upload(agent, case, (written.getvalue(), "two.pdf"))
    (paper,) = positions(agent.open(f"{case}/papers").text)
    address = f"{case}/papers/{paper}/view"
    assert agent.send(address, {"reason": "看"}).status_code == 422
    first = agent.send(address, {"reason": "核对身份证"})
    assert first.status_code == 200 and "第 1 页，共 2 页" in plain(first.text) and "下一页" in first.text
    assert "上一页" not in first.text and "data:" in first.headers["Content-Security-Policy"]
    assert first.headers["Cache-Control"] == "no-store" and shown(first.text).size == (1_200, 1_600)
    carried = dict(re.findall(r'name="(reason|page)" value="([^"]*)"', first.text))
    assert carried == {"reason": "核对身份证", "page": "2"}, "what was typed is not typed again"
    second = agent.send(address, carried)
    pixel = shown(second.text).getpixel((600, 800))
    assert isinstance(pixel, tuple) and pixel[2] > 200 and "下一页" not in second.text
    told = [line.detail for line in village.accounts.rows.audit_lines(20) if line.action == "paper.view"]
    assert len(told) == 2 and all("核对身份证" in each for each in told) and '"page":2' in told[0].replace(" ", "")
    missing = agent.send(address, {**carried, "page": "3"})
    assert missing.status_code == 409 and "没有这一页" in plain(missing.text)
    for text in ("0", "-1", "100", "x", "²"):
        assert agent.send(address, {**carried, "page": text}).status_code == 404
    picture = re.findall(r"base64,([A-Za-z0-9+/=]{40})", second.text)[0]
    drawn = base64.b64decode(picture)
    lying = [path for path in network.folder.rglob("*") if path.is_file()]
    assert lying and not any(drawn in path.read_bytes() for path in lying), "it is drawn for the page alone"


def test_a_paper_that_cannot_be_drawn_now_says_why(agent: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    case = agent.file()
    upload(agent, case, (photo(), "a.jpg"))
    (paper,) = positions(agent.open(f"{case}/papers").text)
    monkeypatch.setattr(uploads, "BUSY_S", 0.0)
    monkeypatch.setattr(uploads, "_AT_ONCE", threading.Semaphore(0))
    answer = agent.send(f"{case}/papers/{paper}/view", {"reason": "核对身份证"})
    assert answer.status_code == 409 and "正在处理别的文件" in plain(answer.text)


def test_what_is_no_photo_is_refused_by_name_and_the_rest_is_kept(agent: Visitor) -> None:
    case = agent.file()
    wrong = upload(agent, case, (b"<html>", "<b>x</b>.jpg"), (photo(), "good.jpg"), (photo()[:600], "cut.jpg"))
    assert wrong.status_code == 422 and "<b>x</b>" not in wrong.text
    said = plain(wrong.text)
    assert "已保存 1 个文件" in said and "第 1 个文件" in said and "只接受照片" in said and "第 3 个文件" in said
    assert len(positions(agent.open(f"{case}/papers").text)) == 1
    assert upload(agent, case).status_code == 422
    assert upload(agent, case, (photo(), "a.jpg"), material="").status_code == 422
    assert upload(agent, case, (bytes(13 << 20), "big.jpg")).status_code == 413


def test_the_script_of_the_form_is_answered_in_words_alone(agent: Visitor) -> None:
    case = agent.file()

    def sent(raw: bytes, **values: str) -> tuple[int, Any]:
        fields = {"token": agent.token(), "material": "身份证", **values, "files": (io.BytesIO(raw), "a.jpg")}
        answer = agent.client.post(f"{case}/papers", data=fields, headers={"Accept": "application/json"})
        return answer.status_code, answer.get_json()

    assert sent(photo()) == (200, {"kept": 1, "problems": []})
    status, told = sent(b"<html>")
    assert (status, told["kept"]) == (422, 0) and "只接受照片" in told["problems"][0]
    assert sent(photo("blue"), material="")[1]["problems"] == ["请选择是哪一份材料。"]
    assert len(positions(agent.open(f"{case}/papers").text)) == 1


def test_the_same_file_takes_the_place_of_another_one(agent: Visitor) -> None:
    case = agent.file()
    upload(agent, case, (photo(), "one.jpg"), (photo("blue"), "two.jpg"))
    _, second = positions(agent.open(f"{case}/papers").text)
    assert upload(agent, case, (photo(), "one.jpg"), replaces=second).status_code == 303
    page = agent.open(f"{case}/papers").text
    assert second not in positions(page) and "已替换" in plain(page)
    before = positions(page)
    assert upload(agent, case, (photo(), "one.jpg"), replaces=second).status_code == 303, "sent again it is there"
    assert positions(agent.open(f"{case}/papers").text) == before
    again = upload(agent, case, (photo("green"), "another.jpg"), replaces=second)
    assert again.status_code == 422 and "已经撤下或已被替换" in plain(again.text)


def test_programs_do_the_same(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    scanner = program_at(village, "0007", "agent")
    address = f"{case}/papers"
    body = {"material": "身份证", "content": base64.b64encode(photo()).decode()}
    for _ in range(2):
        assert scanner.post(address, body, "scan-000001").status_code == 200
    refused = scanner.post(address, {**body, "content": base64.b64encode(b"<svg/>").decode()})
    assert refused.status_code == 422 and "content" in refused.text
    (told,) = told_of(scanner, address)
    assert (told["material"], told["percent"], told["preview"], told["ended"]) == ("身份证", 100, True, False)
    given = scanner.post(f"{address}/{told['paper']}/original", {"reason": "核对身份证"})
    assert given.data == photo() and "sandbox" in given.headers["Content-Security-Policy"]
    assert scanner.get(f"{address}/{told['paper']}/preview").status_code == 200
    assert scanner.post(f"{address}/{told['paper']}/withdraw", {"reason": "重拍"}).status_code == 200
    (told,) = told_of(scanner, address)
    assert (told["ended"], told["reason"]) == (True, "重拍")
    assert scanner.get(f"{case}/timeline").status_code == 200


def told_of(scanner: Program, address: str) -> list[dict[str, Any]]:
    answer = scanner.get(address).json
    assert answer is not None
    return answer["papers"]


def test_who_may_look_at_papers_sees_them_beside_the_form_and_a_supervisor_does_not(
    network: Network, county: Counter, agent: Visitor
) -> None:
    case = agent.file()
    assert "compare" not in agent.open(case).text, "without papers there is nothing to compare"
    upload(agent, case, (photo(), "正面.jpg"))
    (position,) = positions(agent.open(f"{case}/papers").text)
    page = agent.open(case).text
    _, _, compared = page.partition('<div class="compare">')
    compared, _, below = compared.partition('<div class="case-grid">')
    assert "申请信息" in compared and f"{case}/papers/{position}/preview" in compared and "可以办理" in compared
    assert "申请信息" not in below and "可以办理" not in below, "each stands on the page once"
    assert "张秀兰" not in page, "the form is masked as before"
    assert agent.send(f"{case}/papers/withdraw", {"paper": position, "reason": "拍错了"}).status_code == 303
    assert "compare" not in agent.open(case).text

    upload(agent, case, (photo(), "正面.jpg"))
    everywhere(network)
    officer, supervisor = county.sign_in("1001", "officer"), county.sign_in("1002", "supervisor")
    assert "compare-papers" in officer.open(case).text
    seen = supervisor.open(case).text
    assert "申请信息" in seen and "compare" not in seen and "/preview" not in seen
