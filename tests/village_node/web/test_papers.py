"""Papers on the pages: several files at once, what is refused and why, previews, and originals for a reason."""

import base64
import io
import re
from typing import Any

from PIL import Image
from werkzeug.test import TestResponse

from tests.builders import TOWNSHIP, VILLAGE, Network, settle
from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import Counter, Visitor, problems
from tests.village_node.web.test_sign_in import plain


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


def test_the_same_file_takes_the_place_of_another_one(agent: Visitor) -> None:
    case = agent.file()
    upload(agent, case, (photo(), "one.jpg"), (photo("blue"), "two.jpg"))
    _, second = positions(agent.open(f"{case}/papers").text)
    assert upload(agent, case, (photo(), "one.jpg"), replaces=second).status_code == 303
    page = agent.open(f"{case}/papers").text
    assert second not in positions(page) and "已替换" in plain(page)
    again = upload(agent, case, (photo(), "one.jpg"), replaces=second)
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
