"""The documents every benchmark files: one fixed, seeded generator of applications with Chinese text.

A document is the content of a `create` event by field name. As JSON it measures 601 bytes on average, of which 32
random bytes (64 hexadecimal digits) stand for what no compression can foresee.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

SEED: Final = 20160
MEAN_JSON_BYTES: Final = 601

# Items a village accepts, its township reviews and its county decides: the usual road of a case.
ITEMS: Final = ("004", "010", "011", "012", "039")
# An item the county accepts and decides itself, filed by a village as proxy: the road of the live round trip.
COUNTY_ITEM: Final = "016"

_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红建国志梅春生"
_GROUPS: Final = ("一", "二", "三", "四", "五", "六", "七", "八")
_BANKS: Final = ("农村信用社", "邮政储蓄银行", "农业银行", "建设银行")
_REASONS: Final = (
    "本人长期在家务农,收入主要来自耕地和少量养殖,现符合条件特提出申请",
    "家中老人年事已高,行动不便,由村代办员代为提交材料,请予以办理",
    "前次登记信息有误,银行卡号已经更换,申请按新的账户发放补贴资金",
    "子女在外务工,本人独自居住,经村民小组评议后提出本次申请,情况属实",
)
_MATERIALS: Final = ("身份证", "申请表", "户口簿", "银行卡", "近期照片")
_NOTED: Final = 0.945  # the share of applications with a note that brings the mean to its size
_NOTES: Final = ("材料原件已核对", "复印件已加盖村委会印章", "电话核实本人意愿", "已告知办理时限和查询方式")


@dataclass(frozen=True, slots=True)
class Document:
    """One application: `body` by field name, as the casebook takes it, and its size as JSON."""

    body: dict[str, Any]
    json_bytes: int


def documents(count: int, *, items: tuple[str, ...] = ITEMS, seed: int = SEED) -> Iterator[Document]:
    """The first `count` documents of the sequence: always the same ones for the same seed and items."""
    random = Random(seed)
    for _ in range(count):
        body = _body(random, items)
        yield Document(body, len(as_json(body)))


def as_json(body: dict[str, Any]) -> bytes:
    """The document as the peers in the table carried it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _body(random: Random, items: tuple[str, ...]) -> dict[str, Any]:
    name = random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))
    born = f"19{random.randrange(40, 99)}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"
    body: dict[str, Any] = {
        "item_no": random.choice(items),
        "item_version": 1,
        "applicant_name": name,
        "applicant_id_kind": "resident_id",
        "applicant_id_no": f"621021{born}{random.randrange(10000):04}",
        "applicant_phone": f"1{random.choice('3578')}{random.randrange(10**9):09}",
        "applicant_address": f"驿马镇第{random.choice(_GROUPS)}村民小组{random.randrange(1, 200)}号",
        "answers": {
            "申请理由": random.choice(_REASONS),
            "开户银行": random.choice(_BANKS),
            "银行账号": f"6228{random.randrange(10**15):015}",
            "凭证": random.randbytes(32).hex(),
        },
        "materials": [
            [material, random.randrange(1, 3), random.random() < 0.5] for material in random.sample(_MATERIALS, 2)
        ],
    }
    if random.random() < 0.5:
        body["proxy_name"] = random.choice(_SURNAMES) + random.choice(_GIVEN)
    if random.random() < _NOTED:
        body["window_note"] = random.choice(_NOTES)
    return body
