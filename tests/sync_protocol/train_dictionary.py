"""Trains `sync_protocol/dictionary_2.bin` on made-up exchanges: `python -m tests.sync_protocol.train_dictionary`.

A dictionary that has been published never changes: both ends must hold the same bytes, so a better one gets the next
number. What it knows is the shape of a message and the words of ordinary cases; none of it is about a real person.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from sync_protocol.encoding import decode, encode
from sync_protocol.event import Event, Head, Position
from sync_protocol.stream import OPENS, Draft, append, stream_id
from sync_protocol.wire import Tables, pack_segment
from sync_protocol.wire.packing import without_noise

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SEED: Final = 621021
SAMPLES: Final = 8_000
SIZE: Final = 32768
TRAINED_BY: Final = "1.5.7"  # another release of zstd may choose other pieces from the same samples
FILE: Final = Path(__file__).parents[2] / "sync_protocol" / "dictionary_2.bin"

_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN: Final = "国建华文明永志秀英桂兰玉春海军伟强丽敏静芳燕红梅平东林德福贵祥荣生成学义安康宁"
_PLACES: Final = ("621021101", "621021102", "320312104", "510722107", "440983103", "130682205")
_RELATIONS: Final = ("父子", "母女", "夫妻", "兄弟", "邻居", "村干部", "委托人")
_REASONS: Final = (
    "因病致贫,家庭收入低于当地标准,申请按规定给予救助。",
    "房屋年久失修,经鉴定为危房,申请改造补助。",
    "年满六十周岁,未享受其他养老待遇,申请领取城乡居民养老保险待遇。",
    "申请办理新生儿户口登记及医疗保险参保手续。",
    "本户在本村承包耕地,申请种粮补贴,面积以承包合同为准。",
    "申请在原有宅基地上翻建住房,四至界限清楚,无争议。",
    "本人持有残疾人证,生活不能自理,申请护理补贴。",
    "本人长期在外务工,委托亲属代为办理,所提供的信息真实有效。",
    "家庭主要劳动力患重大疾病住院治疗,医疗费用自付部分较高,申请医疗救助。",
    "遭受自然灾害,农作物受灾,房屋受损,申请临时救助资金。",
    "子女已考入高等院校就读,家庭经济困难,申请助学补助。",
    "原证件遗失,特申请补办,并承诺原证件作废。",
    "因婚嫁迁入本村,申请户口迁移及落户,村民委员会已同意接收。",
    "本人自愿参加城乡居民基本医疗保险,按照规定的标准缴费。",
    "承包土地经营权流转,双方自愿签订合同,请予备案。",
    "从事个体经营,经营场所已取得合法使用证明,申请登记。",
    "退役军人返乡,申请优抚待遇登记和社会保险接续。",
    "孤寡老人无赡养人,生活困难,申请特困人员供养。",
    "低保对象家庭成员增加,申请调整保障金额,请入户调查核实。",
    "银行卡已变更,请将补贴发放至新开立的账户。",
    "自家林地需要采伐林木,数量和范围已经村小组公示,无异议。",
    "配偶去世,申请注销登记并领取丧葬补助费。",
    "失业后生活困难,申请就业困难人员认定和灵活就业补贴。",
    "农村独生子女家庭,符合奖励扶助条件,提出本次申请。",
    "村内道路及饮水设施损坏,村民代表会议评议通过,申请项目资金。",
    "经本人申请、小组评议、村级审核,情况属实,提交乡镇审批。",
)
_FIELDS: Final = (
    "申请理由",
    "开户银行",
    "银行账号",
    "家庭人口",
    "家庭年收入",
    "承包面积",
    "残疾类别",
    "备注",
    "户主姓名",
    "与户主关系",
    "住房地址",
    "联系人",
    "申请金额",
)
_NOTES: Final = (
    "已核对原件,复印件留存。",
    "已电话联系本人,情况属实。",
    "材料由代办员代交,已一次性告知。",
    "复印件加盖公章,与原件一致。",
    "行动不便,上门办理。",
)
_PAPERS: Final = (
    "身份证",
    "申请表",
    "户口簿",
    "银行卡",
    "近期照片",
    "委托书",
    "承包合同",
    "残疾人证",
    "出生医学证明",
    "家庭收入和财产状况声明",
    "核对授权书",
    "村民委员会证明",
    "宅基地使用证",
    "危房鉴定报告",
    "诊断证明",
    "结婚证",
    "缴费凭证",
    "营业执照",
)
_BANKS: Final = ("农村商业银行", "信用联社", "邮储银行", "农业银行")
_OPINIONS: Final = ("经入户核实,情况属实,同意上报。", "材料齐全,符合条件,同意。", "经公示无异议,拟同意。")
_REFUSALS: Final = ("家庭收入超过规定标准,不符合条件。", "申请材料不齐全,逾期未补正。", "不属于本机关职权范围。")


class _Writer:
    """One node writing into one scope of a network that never was."""

    def __init__(self, random: Random, scope: str) -> None:
        self.incarnation = random.randbytes(16)
        self.scope = scope
        self.stream = stream_id(random.randbytes(32), self.incarnation, scope, 1)
        self.head = Head(random.randrange(1, 5_000), random.randbytes(32))
        self._random = random

    def write(self, now: int, kind: int, case_id: Any, body: dict[int, Any], *, apart: bool, after: Any) -> Event:
        actor = self._random.choice(("agent01", "clerk02", "win03", "head", "reviewer1", "officer2", "daiban"))
        draft = Draft(kind, 1, case_id, now << 16, now, actor, encode(body), apart, after)
        event = append(self.stream, self.head, draft, self._random.randbytes(16) if apart else None)
        self.head = Head(event.header.seq, event.hash)
        return event

    def position(self) -> Position:
        return Position(self.incarnation, self.head.seq, self.head.hash[:8])


def _name(random: Random) -> str:
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2))))


def _answer(random: Random, field: str) -> str:
    if field in ("申请理由", "备注"):
        return random.choice(_REASONS)
    if field in ("开户银行", "户主姓名", "与户主关系", "残疾类别", "联系人"):
        return random.choice((random.choice(_BANKS), _name(random), random.choice(_RELATIONS)))
    return random.choice(
        (str(random.randrange(10**12)), f"62{random.randrange(10**17):017}", random.randbytes(8).hex())
    )


def _address(random: Random) -> str:
    village = f"{random.choice('东西南北上下')}{random.choice('庄沟湾坪塬岭')}村"
    group = random.choice("一二三四五六七八")
    return random.choice(
        (
            f"{village}{group}组",
            f"{village}第{group}村民小组{random.randrange(1, 300)}号",
            f"{village}{group}组{random.randrange(1, 300)}号",
        )
    )


def _create(random: Random, place: str) -> dict[int, Any]:
    born = f"{random.randrange(1940, 2005)}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"
    papers = random.sample(_PAPERS[: random.choice((5, 18))], random.randrange(1, 6))
    body = {
        0: f"{random.randrange(1, 90):03}",
        1: 1,
        2: _name(random),
        3: "resident_id",
        4: f"{place[:6]}{born}{random.randrange(10_000):04}",
        5: f"1{random.randrange(3 * 10**9, 10**10)}",
        6: _address(random),
        11: {
            field: _answer(random, field)
            for field in sorted(random.sample(_FIELDS, random.randrange(1, 5)), key=encode)
        },
        12: [[paper, random.randrange(1, 4), random.random() < 0.5] for paper in papers],
    }
    if random.random() < 0.5:
        body[13] = random.choice(_NOTES)
    if random.random() < 0.4:
        body |= {7: _name(random), 8: random.choice(_RELATIONS), 9: f"1{random.randrange(3 * 10**9, 10**10)}"}
    return body


def _village(random: Random, writer: _Writer, now: int, place: str) -> list[Event]:
    created = writer.write(now, 1, OPENS, _create(random, place), apart=True, after=None)
    case_id = created.header.case_id
    number = f"{place}201-24{random.randrange(1, 13):02}{random.randrange(1, 29):02}-{random.randrange(36**4):04X}-7-K"
    received = {0: number, 1: f"{random.randrange(36**12):013X}", 2: random.choice(("counter", "door"))}
    events = [created, writer.write(now, 2, case_id, received, apart=True, after=writer.position())]
    handed = {0: place, 1: random.choice(("review", "accept"))}
    return [*events, writer.write(now + 40_000, 3, case_id, handed, apart=False, after=writer.position())]


def _above(random: Random, writer: _Writer, now: int, place: str) -> list[Event]:
    case_id = random.randbytes(16)
    before = Position(random.randbytes(16), random.randrange(1, 900), random.randbytes(8))
    events = [writer.write(now, 4, case_id, {}, apart=False, after=before)]
    steps: list[tuple[int, dict[int, Any], bool]] = [(5, {0: random.choice((1, 5, 20))}, False)]
    if random.random() < 0.5:
        steps += [(6, {0: "agree", 1: random.choice(_OPINIONS)}, True), (3, {0: place[:6], 1: "decide"}, False)]
    else:
        decision = {0: "approve"} if random.random() < 0.8 else {0: "refuse", 1: random.choice(_REFUSALS)}
        steps += [(9, decision, True), (3, {0: place + "201", 1: "deliver"}, False)]
    for kind, body, apart in steps:
        now += random.randrange(1_000, 10**7)
        events.append(writer.write(now, kind, case_id, body, apart=apart, after=writer.position()))
    return events


def contents() -> Iterator[bytes]:
    """What single exchanges carry: a few cases or acts, receipts, now and then a vector. Always the same ones."""
    random = Random(SEED)
    for _ in range(SAMPLES):
        place = random.choice(_PLACES)
        writer = _Writer(random, f"about:{place}{random.randrange(200, 260)}")
        tables, now = Tables(), 1_700_000_000_000 + random.randrange(10**11)
        events: list[Event] = []
        for _ in range(random.randrange(0, 3)):
            events += random.choice((_village, _above))(random, writer, now, place)
        tables.clock_ms = (events[-1].header.claimed if events else now) + random.randrange(2_000)
        if random.random() < 0.8:
            tables.name = _first_bytes
        asks = random.random() < 0.5
        content: dict[int, Any] = {3: random.randbytes(8), 19: tables.clock_ms if asks else random.randrange(-500, 500)}
        if events:
            content[10] = [
                pack_segment(writer.incarnation, writer.scope, writer.stream, events, random.randbytes(64), tables)
            ]
        for seq in random.sample(range(1, 3_000), random.randrange(0, 2)):
            stream, signer = tables.stream(random.randbytes(16), writer.scope), tables.incarnation(writer.incarnation)
            content[11] = [[stream, seq, signer, now, 1, 0, [], random.randbytes(64)]]
        if random.random() < 0.3:
            content |= {0: [3, 3, [2], "sanji 0.1.0"], 4: [[0, 7, random.randbytes(8), [1, 5]]]}
        content |= {1: bytes(4)} if asks else {17: random.randbytes(8), 20: random.randrange(500)}
        content[7], content[8], content[9] = tables.values()
        yield encode({key: value for key, value in content.items() if value != []})


def _first_bytes(incarnation: bytes) -> bytes:
    return incarnation[:4]


def train() -> bytes:
    """The dictionary's bytes: what it is trained on is what it will meet, so without salts and signatures."""
    samples = [encode(without_noise(decode(raw))[0]) for raw in contents()]
    return zstd.train_dict(samples, SIZE).dict_content


if __name__ == "__main__":
    FILE.write_bytes(train())
