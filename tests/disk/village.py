"""A village node on a small disk: its pages, an agent at them, and what was acknowledged to whom."""

import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.test import TestResponse

from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.disk.small_disk import SmallDisk
from tests.village_node.web.counter import APPLICATION, PASSWORD, Counter, Visitor, open_counter
from village_node.casebook import Casebook
from village_node.store import open_store

ANSWERS_WITHIN_S = 5.0
BACK_WITHIN_S = 60.0
DATABASE = "node.db"


class Network:
    """County, township and a village with cases of its own, whose database is copied onto each small disk."""

    def __init__(self, folder: Path) -> None:
        self.built = builders.network(folder)
        village = self.built.members[VILLAGE]
        counter = open_counter(village, folder)
        agent = counter.sign_in("0001", "agent", "admin")
        self.cases = [agent.file() for _ in range(3)]
        builders.settle(village, self.built.members[TOWNSHIP])
        builders.settle(self.built.members[TOWNSHIP], self.built.members[COUNTY])
        village.store.close()
        self.template = folder / f"{VILLAGE}.db"

    def village_on(self, disk: SmallDisk, reserve_bytes: int = 0) -> "Village":
        """The village on an empty small disk."""
        disk.make_room()
        disk.empty()
        shutil.copy(self.template, disk.path / DATABASE)
        return Village(self, disk, reserve_bytes)


@dataclass
class Village:
    """The village on its small disk. `acknowledged`: what people and neighbours were told is saved, as checks."""

    network: Network
    disk: SmallDisk
    reserve_bytes: int
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        built = self.network.built
        store = open_store(f"sqlite:///{self.disk.path / DATABASE}", self.reserve_bytes)
        identity, chance = built.identities[VILLAGE], random.Random(7).randbytes
        casebook = Casebook(store, identity, built.clock, chance, built.catalogue)
        self.member = Member(identity, store, casebook, built.clock)
        self.counter: Counter = open_counter(self.member, self.disk.path)
        self.agent: Visitor = self.counter.visitor()
        self.acknowledged += [("case", case) for case in self.network.cases]

    def sign_in(self) -> None:
        """The agent comes to work."""
        answer = self.agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    def timed(self, act: Callable[[], TestResponse]) -> TestResponse:
        """An answer, which must be one in time: done, or 未保存 with 503, never a fault of the program."""
        began = time.monotonic()
        answer = act()
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if answer.status_code not in (200, 303):
            assert answer.status_code == 503 and "未保存" in answer.text, (answer.status_code, answer.text[:2000])
            self.refused += 1
        return answer

    def file(self, token: str, name: str = "张秀兰") -> TestResponse:
        """File an application on the page."""
        form = {**APPLICATION, "applicant_name": name, "token": token}
        answer = self.timed(lambda: self.agent.client.post("/file/001", data=form))
        if answer.status_code == 303:
            self.acknowledged.append(("case", answer.headers["Location"].removesuffix("/receipt")))
        else:
            assert name in answer.text and APPLICATION["request"] in answer.text, "what was typed is still there"
        return answer

    def note(self, case: str, token: str, text: str) -> TestResponse:
        """Write a note on a case."""
        form = {"text": text, "token": token}
        answer = self.timed(lambda: self.agent.client.post(f"{case}/act/note", data=form))
        if answer.status_code == 303:
            self.acknowledged.append(("note", text))
        else:
            assert text in answer.text
        return answer

    def draft(self, token: str, name: str) -> None:
        """Keep a draft."""
        form = {**APPLICATION, "applicant_name": name, "token": token, "do": "draft"}
        answer = self.timed(lambda: self.agent.client.post("/file/001", data=form))
        if answer.status_code == 200:
            self.acknowledged.append(("draft", name))

    def lost(self) -> list[tuple[str, str]]:
        """What was acknowledged and is not in the database file."""
        return lost_from(self.disk.path / DATABASE, self.acknowledged)

    def readable(self) -> bool:
        """Whether every case still opens on its page."""
        paths = [what for kind, what in self.acknowledged if kind == "case"]
        return all(self.agent.open(path).status_code == 200 for path in paths)

    def come_back(self, token: str) -> float:
        """Seconds until an application is filed again, with nobody doing anything but trying."""
        began = time.monotonic()
        while self.file(token).status_code != 303:
            assert time.monotonic() - began < BACK_WITHIN_S, "service does not come back"
            self.member.store.keep_reserve()  # what the node's tick does every few seconds
        return time.monotonic() - began

    def close(self) -> None:
        """Let go of the database."""
        self.member.store.close()


def lost_from(database: Path, acknowledged: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was acknowledged and is not in a database file that is sound, read by a program that is not ours."""
    opened = sqlite3.connect(database)
    assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    held = {row[0].hex() for row in opened.execute("SELECT case_id FROM cases")}
    bodies = b"".join(row[0] or b"" for row in opened.execute("SELECT body FROM events"))
    bodies += b"".join(row[0] for row in opened.execute("SELECT header FROM events"))
    drafts = "".join(row[0] for row in opened.execute("SELECT fields FROM drafts"))
    chains = opened.execute("SELECT stream, count(*), max(seq) FROM events GROUP BY stream").fetchall()
    opened.close()
    assert all(count == highest for _, count, highest in chains), "a stream has a hole"
    there: dict[str, Callable[[str], bool]] = {
        "case": lambda path: path.rpartition("/")[2] in held,
        "note": lambda text: text.encode() in bodies,
        "draft": lambda name: name in drafts,
    }
    return [(kind, what) for kind, what in acknowledged if not there[kind](what)]
