"""What came of a bundle, in plain words: for the page, the command line and the person who carried the stick."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sync_protocol.errors import (
    BadSignature,
    Malformed,
    NeedsUpdate,
    NoSuchVersion,
    NotAChild,
    ProtocolError,
    TooLarge,
    UnknownNode,
)
from village_node.casebook import CasebookError

# Who is told while a bundle is worked on: how many of its parts are done, and of how many; 0 where nobody knows yet.
Tell = Callable[[int, int], None]


def untold(_done: int, _of: int) -> None:
    """Nobody is told."""


class Trouble(CasebookError):
    """Nothing could be done with a stick or a bundle; the text says why and what to do, in both languages."""

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class PartState(StrEnum):
    """How one part of a bundle was found."""

    SOUND = "sound"
    MISSING = "missing"
    DAMAGED = "damaged"
    SEALED_TO_ANOTHER_KEY = "another key"
    NEEDS_UPDATE = "needs update"


_PARTS: Final = {
    PartState.MISSING: ("缺失", "missing"),
    PartState.DAMAGED: ("损坏", "damaged"),
    PartState.SEALED_TO_ANOTHER_KEY: ("本机没有打开它的密钥", "sealed to a key that is not here"),
    PartState.NEEDS_UPDATE: ("需要更新本机程序才能读取", "of a kind that a newer program reads"),
}

_REFUSALS: Final[dict[type[ProtocolError], tuple[str, str]]] = {
    Malformed: ("清单已损坏，请让对方重新拷出", "the list of its parts is damaged: have it written again"),
    TooLarge: ("清单超出允许的大小，本机不读取", "its list is beyond every limit: it is not read"),
    NoSuchVersion: (
        "由不同版本的程序写成，请更新较旧的一方后重新拷出",
        "written by another version of the program: update the older side and write it again",
    ),
    NeedsUpdate: ("含有本机程序不认识的内容，请先更新本机程序", "it needs a newer version of this program"),
    UnknownNode: (
        "写它的单位不在本机的名册里，请核对来源",
        "whoever wrote it is not in the roster here: find out where it comes from",
    ),
    NotAChild: (
        "写它的单位既不是本单位的上级也不是下级，不能接收",
        "whoever wrote it stands neither above nor below this place",
    ),
    BadSignature: ("签名不符，内容被改动过或不是所称单位写的", "its signature does not hold: changed, or forged"),
}


def words_of(refusal: ProtocolError) -> tuple[str, str]:
    """Why a bundle as a whole is not read."""
    return _REFUSALS.get(type(refusal), _REFUSALS[Malformed])


@dataclass
class Outcome:
    """What came of one bundle.

    ``place``: who wrote it, empty while that is not known; ``refused``: why nothing of it was read, in both languages.
    ``stored``, ``receipts``: new events and receipts of others; ``held_back``: that were parked or refused;
    ``files``: papers and previews that are whole here since, ``chunks``: of files that are new; ``unknown``: that no
    event here names; ``disk_full``: the disk took no more of them.
    ``odd_changes``: of the roster, that do not hold. ``before``: it was here before; ``ours``: we wrote it; ``for_us``:
    this place can open it; ``checked``: it was only looked at; ``renewal_left``: its sender asks for a new life, which
    is not for this worker; ``revoked``: its sender is, and only what it wrote into its streams is taken.
    """

    name: str
    bundle_id: bytes = b""
    place: str = ""
    time_ms: int = 0
    events: int = 0
    states: list[PartState] = field(default_factory=list)
    stored: int = 0
    receipts: int = 0
    held_back: int = 0
    files: int = 0
    chunks: int = 0
    unknown: set[tuple[str, bytes]] = field(default_factory=set)
    disk_full: bool = False
    odd_changes: int = 0
    before: bool = False
    ours: bool = False
    for_us: bool = False
    checked: bool = False
    renewal_left: bool = False
    revoked: bool = False
    refused: tuple[str, str] | None = None

    @property
    def parts(self) -> int:
        """How many parts it has."""
        return len(self.states)

    @property
    def whole(self) -> bool:
        """Whether every part was there and sound."""
        return self.refused is None and all(state is PartState.SOUND for state in self.states)

    @property
    def words(self) -> tuple[str, str]:
        """One sentence of what came of it."""
        if self.refused is not None:
            return self.refused
        zh, en = self._brought()
        for number, state in enumerate(self.states, start=1):
            if state is not PartState.SOUND:
                zh += f"；第 {number} 部分（共 {self.parts} 部分）{_PARTS[state][0]}"
                en += f"; part {number} of {self.parts} is {_PARTS[state][1]}"
        if self.unknown:
            zh += f"；有 {len(self.unknown)} 份材料文件的办件还没有到，先没有收：下次拷来会补上"
            en += f"; {len(self.unknown)} files belong to no case that is here and were left: the next stick has them"
        if self.disk_full:
            zh += "；本机磁盘已满或写不进，材料文件没有收完：腾出空间后，再导入一次同一份"
            en += "; the disk here took no more files: make room, and bring the same bundle once more"
        if self.revoked:
            zh += "；写它的机器已被吊销，只收下它的记录：吊销前的有效，之后的列入“异常记录”，由承办单位决定是否采纳"
            en += (
                "; the machine that wrote it was revoked: its records are taken and nothing else; what lies behind the"
            )
            en += " cut does not count, and is listed where it can be adopted"
        if self.renewal_left:
            zh += "；对方启用了新编号，在这里不能确认：请在负责同步的那台机器上用 courier import 命令再导入一次"
            en += "; it asks for a new incarnation, which is not countersigned here: bring it once more with courier"
            en += " import on the machine that synchronises"
        if self.odd_changes:
            zh += f"；名册变更有 {self.odd_changes} 条核对不上，没有采用"
            en += f"; {self.odd_changes} changes of the roster do not hold and were left"
        if not self.whole and not self.checked:
            zh, en = (text + more for text, more in zip((zh, en), self._advice(), strict=True))
        return zh + "。", en + "."

    def told(self) -> dict[str, Any]:
        """The same as a JSON object, for the command line."""
        zh, en = self.words
        return {
            "name": self.name,
            "bundle": self.bundle_id.hex(),
            "from": self.place,
            "ok": self.whole and not self.disk_full,
            "ours": self.ours,
            "stored": self.stored,
            "receipts": self.receipts,
            "files": self.files,
            "held_back": self.held_back,
            "parts": [state.value for state in self.states],
            "zh": zh,
            "en": en,
        }

    def _advice(self) -> tuple[str, str]:
        """What to do where some part was not read."""
        zh = en = ""
        if PartState.SOUND in self.states and (self.stored or self.receipts or self.chunks):
            zh, en = "；其余已收下（再次导入不会重复）", "; the rest was taken (nothing is taken twice)"
        if PartState.SEALED_TO_ANOTHER_KEY in self.states:
            zh += "。请先从本单位拷一份给对方，再请对方重新拷出"
            en += ". Write one here for them first, then have it written again"
        elif PartState.DAMAGED in self.states or PartState.MISSING in self.states:
            zh += "。请让对方重新拷出"
            en += ". Have it written again"
        if PartState.NEEDS_UPDATE in self.states:
            zh += "。请更新本机程序后再导入一次"
            en += ". Update the program of this machine and bring it once more"
        return zh, en

    def _proven(self) -> tuple[str, str]:
        """What a look shows where nothing is wrong, and what it does not."""
        if self.for_us:
            return (
                "：文件齐全、没有改动、本机打得开；只是看过，还没有导入",
                ": all of it is there, unchanged, and can be opened here; it was only looked at, and not taken in",
            )
        return (
            "：文件齐全、没有改动。里面的内容只有收件单位打得开；对方收到没有，以带回的回执为准",
            ": all of it is there and unchanged. Only the place it is for can open it, and that it has arrived is shown"
            " by the receipts that come back",
        )

    def _taken(self) -> list[tuple[str, str]]:
        """What is here since, in words."""
        counted = (
            (self.stored, f"{self.stored} 条新记录", f"{self.stored} new events"),
            (self.receipts, f"{self.receipts} 份新回执", f"{self.receipts} new receipts"),
            (self.files, f"{self.files} 份材料文件", f"{self.files} files of papers"),
            (self.chunks and not self.files, "材料文件的一部分", "parts of files of papers"),
        )
        return [(zh, en) for count, zh, en in counted if count]

    def _brought(self) -> tuple[str, str]:
        if self.checked:
            if self.whole:
                zh, en = self._proven()
                return (
                    f"核对无误，共 {self.parts} 部分、{self.events} 条记录{zh}",
                    f"it is whole, {self.events} events{en}",
                )
            return "核对发现问题，请重新拷出", "it is not whole: write it again"
        taken = self._taken()
        if taken:
            zh = "收下 " + "、".join(each for each, _ in taken)
            en = " and ".join(each for _, each in taken) + " were taken"
        elif not self.whole:
            zh, en = "没有收下新内容", "nothing new was taken"
        elif self.before:
            zh, en = "以前导入过，没有新内容", "it was here before and brought nothing new"
        elif not self.parts:
            zh, en = "收下对方的密钥，现在可以向对方拷出", "it has the key there: now a bundle can be written for it"
        else:
            zh, en = "内容都已通过其他途径收到过", "all of it had come by another road already"
        if self.held_back:
            zh += f"；{self.held_back} 条未能入库，见“待处理的异常”"
            en += f"; {self.held_back} could not be stored, see the oddities"
        return zh, en
