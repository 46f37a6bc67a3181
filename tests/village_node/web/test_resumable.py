"""Uploads that go on where they broke: pieces, offsets, whose they are, and the same checks once a file is whole."""

import errno
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from sync_protocol import limits
from sync_protocol.case.papers import current
from tests.builders import VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, open_counter
from tests.village_node.web.errands import chosen, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_phone import LAN, key_of, names, opened
from village_node import files, partials, uploads
from village_node.casebook import papers
from village_node.partials import PIECE_LEAST, PIECE_MOST, UploadKey
from village_node.web.schemas import position_text
from village_node.web.site import TOKEN_HEADER

PIECE = 65_536
KIND = "application/partial-upload"


def large(seed: int = 1) -> bytes:
    """A photo of some hundred KB: nothing in it repeats."""
    drawn = io.BytesIO()
    noise = Image.frombytes("RGB", (640, 480), hashlib.shake_256(bytes([seed])).digest(921_600))
    noise.save(drawn, "JPEG", quality=95)
    return drawn.getvalue()


RAW = large()


@dataclass
class Sending:
    """Somebody who sends one file in pieces."""

    visitor: Visitor
    address: str  # of the form
    raw: bytes = RAW
    material: str = "身份证"
    token: str = ""

    @property
    def upload(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def at(self) -> str:
        return f"{self.address}/uploads/{self.upload}"

    def fields(self, **more: Any) -> dict[str, Any]:
        self.token = self.token or self.visitor.token()
        return {"token": self.token, "material": self.material, **more}

    def begin(self, size: int | None = None, **more: Any) -> TestResponse:
        data = self.fields(size=str(len(self.raw) if size is None else size), **more)
        return self.visitor.client.post(self.at, data=data, headers={"Accept": "application/json"})

    def offset(self) -> int | None:
        answer = self.visitor.client.head(self.at)
        return int(answer.headers["Upload-Offset"]) if answer.status_code == 204 else None

    def piece(
        self, offset: int, length: int = PIECE, raw: bytes | None = None, head: Mapping[str, str] = MappingProxyType({})
    ) -> TestResponse:
        told = {TOKEN_HEADER: self.fields()["token"], "Upload-Offset": str(offset), "Content-Type": KIND, **head}
        content = self.raw[offset : offset + length] if raw is None else raw
        return self.visitor.client.patch(self.at, data=content, headers=told)

    def pieces(self, offset: int = 0) -> None:
        for start in range(offset, len(self.raw), PIECE):
            assert self.piece(start).status_code == 200

    def finish(self, **more: Any) -> TestResponse:
        data = self.fields(upload=self.upload, **more)
        return self.visitor.client.post(self.address, data=data, headers={"Accept": "application/json"})

    def whole(self) -> TestResponse:
        assert self.begin().status_code == 201
        self.pieces()
        return self.finish()


def told(answer: TestResponse) -> Any:
    return answer.get_json()


def folders(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("partials/*") if path.is_dir()]


@pytest.fixture
def desk(agent: Visitor) -> Sending:
    return Sending(agent, f"{agent.file()}/papers")


def papers_of(sending: Sending) -> list[bytes]:
    return [paper.hash for paper in current(held(sending.visitor.counter, sending.address.removesuffix("/papers")))]


def test_a_file_goes_on_from_where_it_broke_and_is_a_paper_when_it_is_whole(desk: Sending, folder: Path) -> None:
    assert len(RAW) > 3 * PIECE and desk.offset() is None
    begun = desk.begin()
    assert begun.status_code == 201 and begun.headers["Location"] == desk.at
    assert begun.headers["Upload-Complete"] == "?0" and begun.headers["Upload-Length"] == str(len(RAW))
    assert f"max-append-size={PIECE_MOST}" in begun.headers["Upload-Limit"]
    assert desk.piece(0).headers["Upload-Offset"] == str(PIECE)
    assert desk.piece(PIECE).status_code == 200
    assert desk.offset() == 2 * PIECE
    again = desk.begin()
    assert again.status_code == 200 and again.headers["Upload-Offset"] == str(2 * PIECE), "chosen again: it goes on"
    early = desk.finish()
    assert early.status_code == 409 and papers_of(desk) == [], "it is no paper before it is whole"
    lying = [path.read_bytes() for path in folder.rglob("partials/*/*")]
    assert len(lying) == 2 and not any(RAW[at : at + 40] in each for each in lying for at in (0, 100, PIECE))
    if os.name == "posix":
        assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("partials/**/*"))
    desk.pieces(2 * PIECE)
    assert desk.visitor.client.head(desk.at).headers["Upload-Complete"] == "?1"
    done = desk.finish()
    assert done.status_code == 200 and done.json == {"kept": 1, "problems": []}
    assert papers_of(desk) == [hashlib.sha256(RAW).digest()] and folders(folder) == []


def test_after_a_lost_answer_nothing_is_sent_or_kept_twice(desk: Sending) -> None:
    assert desk.whole().status_code == 200
    assert desk.finish().json == {"kept": 1, "problems": []}, "the answer to the last request was lost"
    again = desk.begin()
    assert again.status_code == 200 and again.headers["Upload-Complete"] == "?1", "it is there: nothing is sent"
    assert desk.finish().status_code == 200 and len(papers_of(desk)) == 1
    other = Sending(desk.visitor, desk.address, material="户口簿", token=desk.token)
    assert other.begin().headers["Upload-Complete"] == "?0", "for another paper it is another file"


def test_a_piece_that_does_not_follow_changes_nothing_and_says_where_to_go_on(desk: Sending) -> None:
    desk.begin()
    assert desk.piece(PIECE).status_code == 409, "a gap"
    assert desk.piece(0).status_code == 200
    lost = desk.piece(0)
    assert lost.status_code == 409 and lost.headers["Upload-Offset"] == str(PIECE), "its answer was lost"
    overlap = desk.piece(PIECE // 2)
    assert overlap.status_code == 409 and overlap.headers["Upload-Offset"] == str(PIECE)
    assert desk.offset() == PIECE
    desk.pieces(PIECE)
    assert desk.finish().status_code == 200


def test_a_piece_has_its_bounds(desk: Sending) -> None:
    desk.begin()
    assert desk.piece(0, PIECE_LEAST - 1).status_code == 422, "many small ones would be many files"
    assert desk.piece(0, raw=b"").status_code == 422
    large = desk.piece(0, raw=bytes(PIECE_MOST + 1))
    assert large.status_code == 413 and "超过 256 KB" in large.text
    assert desk.piece(0, head={"Content-Type": "image/jpeg"}).status_code == 415
    for offset in ("", "-1", "x", "²", "1" * 10):
        assert desk.piece(0, head={"Upload-Offset": offset}).status_code == 400
    assert desk.offset() == 0
    rest = len(RAW) - len(RAW) // PIECE * PIECE
    for start in range(0, len(RAW) - rest, PIECE):
        assert desk.piece(start).status_code == 200
    beyond = desk.piece(len(RAW) - rest, raw=RAW[-rest:] + b"x")
    assert beyond.status_code == 422 and desk.offset() == len(RAW) - rest, "more than was announced"


def test_a_size_that_no_file_may_have_is_refused_before_anything_is_sent(desk: Sending, folder: Path) -> None:
    assert "超过 10 MB" in told(desk.begin(limits.BLOB + 1))["problems"][0]
    assert "空的" in told(desk.begin(0))["problems"][0]
    assert desk.begin(limits.BLOB).status_code == 201
    assert desk.begin(limits.BLOB // 2).headers["Upload-Offset"] == "0" and len(folders(folder)) == 1
    assert Sending(desk.visitor, desk.address, material="").begin().status_code == 422
    for text in ("", "-1", "1e3"):
        assert desk.visitor.client.post(desk.at, data=desk.fields(size=text)).status_code == 400
    assert desk.visitor.client.head(f"{desk.address}/uploads/xyz").status_code == 404


def test_bytes_that_are_not_those_announced_are_thrown_away(desk: Sending, folder: Path) -> None:
    desk.begin()
    desk.piece(0, raw=bytes(PIECE))
    desk.pieces(PIECE)
    refused = desk.finish()
    assert refused.status_code == 409 and papers_of(desk) == [] and folders(folder) == []


def test_what_lies_changed_on_the_disk_is_noticed(desk: Sending, folder: Path) -> None:
    desk.begin()
    desk.pieces()
    (piece,) = folder.rglob(f"partials/*/{PIECE}")
    piece.write_bytes(piece.read_bytes()[:-1] + b"\0")
    assert desk.finish().status_code == 409 and papers_of(desk) == [] and folders(folder) == []


def test_a_piece_that_the_disk_lost_is_sent_once_more(desk: Sending, folder: Path) -> None:
    desk.begin()
    desk.pieces()
    (piece,) = folder.rglob(f"partials/*/{PIECE}")
    for left in (0, 28):
        piece.write_bytes(piece.read_bytes()[:left])
        assert desk.offset() == PIECE
    assert desk.piece(PIECE).status_code == 200 and desk.finish().status_code == 200 and len(papers_of(desk)) == 1


def test_a_whole_file_is_looked_at_as_every_other(desk: Sending, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Sending(desk.visitor, desk.address, b"no photo" * 20_000)
    refused = text.whole()
    assert refused.status_code == 422 and "只接受照片" in told(refused)["problems"][0]
    assert folders(folder) == [], "what is refused does not stay"
    desk.begin()
    desk.pieces()
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "inspect", lambda raw: (_ for _ in ()).throw(uploads.NotAccepted("busy")))
        busy = desk.finish()
    assert busy.status_code == 429 and desk.offset() == len(RAW), "it waits to be looked at, and is not sent again"
    assert desk.finish().status_code == 200


def withdrawn(agent: Visitor, case: str) -> None:
    """The case ends: it takes no papers any more."""
    done(agent, case, "withdrawal_request", reason="不办了")
    [request] = chosen(agent.open(case).text, "answer", "request")
    done(agent, case, "answer", request=request, granted="yes")


@pytest.mark.parametrize("by", ["page", "program"])
def test_what_can_never_be_added_does_not_stay(desk: Sending, village: Counter, folder: Path, by: str) -> None:
    case, program = desk.address.removesuffix("/papers"), program_at(village, "0001", "agent")
    assert desk.begin().status_code == 201
    desk.pieces()
    withdrawn(desk.visitor, case)
    if by == "page":
        refused = desk.finish()
        assert refused.status_code == 422 and "已办结" in told(refused)["problems"][0]
    else:
        assert program.post(f"{case}/papers", {"material": "身份证", "upload": desk.upload}).status_code == 409
    assert folders(folder) == [], "nobody could begin to send it any more"


def test_what_may_be_added_after_all_is_not_sent_once_more(
    desk: Sending, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.begin()
    desk.pieces()
    other = position_text(held(desk.visitor.counter, desk.address.removesuffix("/papers")).last)
    assert desk.finish(replaces=other).status_code == 422, "that is no paper"
    with monkeypatch.context() as patch:
        patch.setattr(papers, "PAPERS_A_CASE", 0)
        assert "请先撤下不用的" in told(desk.finish())["problems"][0]
    assert desk.offset() == len(RAW)
    assert desk.finish().status_code == 200 and folders(folder) == []


def test_what_a_telephone_sent_goes_when_the_case_takes_no_more(network: Network, folder: Path) -> None:
    village = open_counter(network.members[VILLAGE], folder, **LAN)
    agent = village.sign_in("0001", "agent")
    case = agent.file()
    phone = Sending(village.visitor(), opened(agent, case))
    phone.token = phone.visitor.token(phone.address)
    phone.begin()
    phone.pieces()
    withdrawn(agent, case)
    assert len(folders(folder)) == 1
    assert phone.finish().status_code == 404 and folders(folder) == []


def test_an_upload_is_its_senders_alone_for_its_case_alone(desk: Sending, village: Counter) -> None:
    desk.begin()
    desk.piece(0)
    other = Sending(village.sign_in("0009", "agent", name="李强"), desk.address)
    assert other.offset() is None and other.piece(PIECE).status_code == 404 and other.finish().status_code == 409
    elsewhere = Sending(desk.visitor, f"{desk.visitor.file()}/papers", token=desk.token)
    assert elsewhere.offset() is None and elsewhere.piece(PIECE).status_code == 404
    stranger = Sending(village.visitor(), desk.address)
    assert stranger.begin().status_code == 401 and stranger.piece(PIECE).status_code == 401
    assert stranger.visitor.client.head(stranger.at).status_code == 303
    forged = desk.piece(PIECE, head={TOKEN_HEADER: "0" * 32})
    assert forged.status_code == 403 and desk.offset() == PIECE
    desk.visitor.send("/sign-out", {})
    assert desk.visitor.client.head(desk.at).status_code == 303


def test_there_are_so_many_at_a_time_and_the_oldest_makes_way(
    network: Network, desk: Sending, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Sending(desk.visitor, desk.address, large(seed), token=desk.token) for seed in range(10, 14)]
    for each in many:
        assert each.begin().status_code == 201
        each.piece(0)
        network.clock.now_ms += 2_000
    assert [each.offset() for each in many] == [None, PIECE, PIECE, PIECE]
    monkeypatch.setattr(partials, "EACH_MOST", 9)
    with monkeypatch.context() as patch:
        patch.setattr(partials, "BYTES_MOST", sum(len(each.raw) for each in many))
        full = many[0].begin()
        assert full.status_code == 201
        assert desk.begin().status_code == 429, "no room at this node: it may be tried again"
        assert many[1].begin().headers["Upload-Offset"] == str(PIECE), "who has begun goes on"
    monkeypatch.setattr(partials, "UPLOADS_MOST", 4)
    assert desk.begin().status_code == 429
    assert len(folders(folder)) == 4
    monkeypatch.setattr(partials, "IDLE_S", 60)
    network.clock.now_ms += 60_000
    many[3].piece(PIECE)
    network.clock.now_ms += 3_000
    assert desk.begin().status_code == 201, "who has stopped for long makes way"
    assert [each.offset() for each in many] == [0, None, PIECE, 2 * PIECE]


def test_what_nobody_goes_on_with_is_gone_after_a_day(network: Network, desk: Sending, folder: Path) -> None:
    book = desk.visitor.counter.member.casebook
    key = UploadKey(
        key_of(desk.visitor, desk.address.removesuffix("/papers")), "staff 0001", bytes.fromhex(desk.upload)
    )
    desk.begin()
    network.clock.now_ms += 80_000_000
    book.append_piece(key, 0, RAW[:PIECE])
    network.clock.now_ms += 80_000_000
    assert book.forget_uploads() == 0, "somebody went on with it"
    network.clock.now_ms += 7_000_000
    assert book.forget_uploads() == 1 and folders(folder) == []


def test_a_node_that_was_started_again_goes_on(network: Network, desk: Sending, folder: Path) -> None:
    desk.begin()
    desk.piece(0)
    network.members[VILLAGE].store.close()
    member = network.open(VILLAGE)
    agent = open_counter(member, folder).visitor()
    agent.client.set_cookie(f"sanji-{member.place}", cookie(desk.visitor))
    later = Sending(agent, desk.address)
    assert later.begin().headers["Upload-Offset"] == str(PIECE)
    later.pieces(PIECE)
    assert later.finish().status_code == 200


def cookie(visitor: Visitor) -> str:
    found = visitor.client.get_cookie(f"sanji-{visitor.counter.member.place}")
    assert found is not None
    return found.value


def test_a_full_disk_is_told_in_plain_words(desk: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    desk.begin()
    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        refused = desk.piece(0, head={"Accept": "application/json"})
    assert refused.status_code == 503 and told(refused)["problems"][0].startswith("未保存：文件写不进磁盘")
    assert desk.offset() == 0
    desk.pieces()
    assert desk.finish().status_code == 200


def test_what_is_on_its_way_goes_with_its_case(desk: Sending, folder: Path) -> None:
    kept = Sending(desk.visitor, f"{desk.visitor.file()}/papers", token=desk.token)
    for each in (desk, kept):
        each.begin()
        each.piece(0)
    store = desk.visitor.counter.member.casebook.partials
    assert store is not None
    store.drop_cases([key_of(desk.visitor, desk.address.removesuffix("/papers"))])
    assert desk.offset() is None and kept.offset() == PIECE


def test_a_telephones_photo_goes_on_also_with_a_code_that_was_opened_anew(network: Network, folder: Path) -> None:
    village = open_counter(network.members[VILLAGE], folder, **LAN)
    agent = village.sign_in("0001", "agent")
    case = agent.file()
    phone = Sending(village.visitor(), opened(agent, case))
    phone.token = phone.visitor.token(phone.address)
    assert phone.begin().status_code == 201
    assert phone.piece(0).status_code == 200 and phone.offset() == PIECE
    agent.send(f"{case}/papers/phone/end", {})
    assert phone.piece(PIECE).status_code == 404 and phone.begin().status_code == 404, "the code is closed"
    anew = Sending(phone.visitor, opened(agent, case), token=phone.token)
    assert anew.begin().headers["Upload-Offset"] == str(PIECE)
    anew.pieces(PIECE)
    assert anew.finish().json == {"kept": 1, "problems": []} and len(names(agent, case)) == 1
    assert anew.finish().status_code == 200 and len(names(agent, case)) == 1, "its answer was lost"
    assert anew.begin().headers["Upload-Complete"] == "?1" and folders(folder) == []
    other = Sending(phone.visitor, opened(agent, agent.file()), large(7), token=phone.token)
    other.begin()
    text = Sending(phone.visitor, other.address, b"no photo" * 9_000, token=phone.token)
    assert text.whole().status_code == 422 and text.offset() is None
    assert other.offset() == 0


def test_a_program_sends_a_file_in_pieces_and_then_says_what_it_is_for(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    program = program_at(village, "0001", "agent")
    upload = hashlib.sha256(RAW).hexdigest()
    at = f"{case}/papers/uploads/{upload}"

    def piece(offset: str, raw: bytes, kind: str = KIND) -> TestResponse:
        headers = {"Authorization": f"Bearer {program.token}", "Upload-Offset": offset, "Content-Type": kind}
        return program.client.patch(f"/api/v1{at}", data=raw, headers=headers)

    def paper(key: str, **asked: str) -> TestResponse:
        return program.post(f"{case}/papers", {"material": "身份证", **asked}, key)

    assert program.get(at).status_code == 404
    assert program.post(at, {"size": 0}).status_code == 422 and program.post(at, {"size": 11 << 20}).status_code == 422
    begun = program.post(at, {"size": len(RAW)})
    assert begun.json == {"size": len(RAW), "offset": 0, "complete": False}
    assert piece("0", RAW[:PIECE]).headers["Upload-Offset"] == str(PIECE)
    wrong = piece("0", RAW[:PIECE])
    assert wrong.status_code == 409 and told(wrong)["code"] == "upload_offset"
    assert wrong.headers["Upload-Offset"] == str(PIECE)
    assert piece(str(PIECE), RAW[PIECE:], "application/json").status_code == 415
    assert told(piece("x", RAW[:PIECE]))["field"] == "Upload-Offset"
    large = piece(str(PIECE), bytes(PIECE_MOST + 1))
    assert large.status_code == 413 and told(large)["code"] == "too_large"
    assert "超过 256 KB" in told(large)["zh"] and "256 KB" in told(large)["en"]
    assert told(paper("early-0001", upload=upload))["code"] == "upload_offset"
    for start in range(PIECE, len(RAW), PIECE):
        assert piece(str(start), RAW[start : start + PIECE]).status_code == 200
    assert program.get(at).json == {"size": len(RAW), "offset": len(RAW), "complete": True}
    assert paper("both-00001", upload=upload, content="QUJD").status_code == 422
    assert paper("none-00001").status_code == 422
    assert paper("whole-0001", upload=upload).status_code == 200
    replayed = paper("whole-0001", upload=upload)
    assert replayed.status_code == 200 and replayed.headers["Idempotency-Replayed"] == "true"
    assert [each.hash.hex() for each in current(held(village, case))] == [upload]
    assert program.get(at).status_code == 404
