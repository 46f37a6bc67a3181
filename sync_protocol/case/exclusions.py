"""What stops which clock, with its legal basis; whose days are meanwhile; the words for clocks, holders and grades.

All of this is data: pages, documents and CASE.md read these tables, and the engine asks nothing else.
"""

from typing import Final, Literal, NamedTuple

ClockName = Literal["prereview", "acceptance", "promised", "statutory", "delivery", "village", "township", "county"]
Bucket = Literal[
    "applicant", "village", "transit_up", "township", "county", "joint", "special", "higher", "transit_down",
    "publicity", "network",
]  # fmt: skip
Grade = Literal["", "notice", "yellow", "red", "red_plus"]
Effect = Literal["stops", "restarts", "item"]

CLOCKS: Final[dict[ClockName, tuple[str, str]]] = {
    "prereview": ("预审", "pre-review"),
    "acceptance": ("受理", "acceptance"),
    "promised": ("承诺", "promised"),
    "statutory": ("法定", "statutory"),
    "delivery": ("送达", "delivery"),
    "village": ("村级环节", "village's step"),
    "township": ("乡镇环节", "township's step"),
    "county": ("县级环节", "county's step"),
}
STEPS: Final[tuple[ClockName, ...]] = ("village", "township", "county")

BUCKETS: Final[dict[Bucket, tuple[str, str]]] = {
    "applicant": ("申请人", "applicant"),
    "village": ("村级", "village"),
    "transit_up": ("上行转送", "on its way up"),
    "township": ("乡镇", "township"),
    "county": ("县级", "county"),
    "joint": ("联办单位", "joint members"),
    "special": ("特别程序", "special procedure"),
    "higher": ("上级机关", "higher authority"),
    "transit_down": ("下行转送", "on its way down"),
    "publicity": ("公示", "publicity"),
    "network": ("网络中断", "network outage"),
}

# Word, drawing and tone of a grade; the number orders them.
GRADES: Final[dict[Grade, tuple[str, str]]] = {
    "": ("正常", "in time"),
    "notice": ("提醒", "notice"),
    "yellow": ("黄牌", "yellow card"),
    "red": ("红牌", "red card"),
    "red_plus": ("红牌（超法定）", "red card, beyond the statute"),
}
GRADE_NUMBERS: Final[dict[Grade, int]] = {grade: number for number, grade in enumerate(GRADES)}


class Stop(NamedTuple):
    """What an exclusion does to one clock, and by which rule. ``item``: it stops it where the item version says so."""

    effect: Effect
    zh: str
    en: str


class Rule(NamedTuple):
    """One kind of exclusion: its words, to whom its days belong (empty: to the holder), the clocks it acts on."""

    zh: str
    en: str
    bucket: Bucket | Literal[""]
    stops: dict[ClockName, Stop]


_ART_32: Final = Stop("restarts", "行政许可法第三十二条第一款第四项", "Administrative Licensing Law, art. 32(1)(4)")
_ART_45: Final = Stop("stops", "行政许可法第四十五条", "Administrative Licensing Law, art. 45")
_ART_44: Final = Stop("stops", "行政许可法第四十四条，等候申请人的时间", "art. 44; waiting for the applicant")
_PROMISE: Final = Stop("stops", "公开承诺的规则；法定期限照计", "rule of the public promise; the statute runs on")
_PUBLICITY: Final = Stop("item", "事项规定；法定期限照计", "as the item says; the statute runs on")
_HIGHER: Final = Stop("stops", "上级机关办理时间不计入本级期限", "a higher authority's time is not in our limit")


def _by_law(zh: str, en: str) -> Rule:
    return Rule(zh, en, "special", {"promised": _ART_45, "statutory": _ART_45})


EXCLUSIONS: Final[dict[str, Rule]] = {
    "correction": Rule("受理前补正", "correction before acceptance", "applicant", {"acceptance": _ART_32}),
    "supplement": Rule("审查补正", "supplement in the examination", "applicant", {"promised": _PROMISE}),
    "hearing": _by_law("听证", "hearing"),
    "tender": _by_law("招标", "tender"),
    "auction": _by_law("拍卖", "auction"),
    "inspection": _by_law("检验", "inspection"),
    "testing": _by_law("检测", "testing"),
    "quarantine": _by_law("检疫", "quarantine"),
    "appraisal": _by_law("鉴定", "appraisal"),
    "expert_review": _by_law("专家评审", "expert review"),
    "site_visit": Rule("现场核查", "site visit", "special", {"promised": _PROMISE}),
    "publicity": Rule("公示", "publicity", "publicity", {"promised": _PUBLICITY}),
    "fee": Rule("待缴费", "waiting for the fee", "applicant", {"promised": _PROMISE, "delivery": _ART_44}),
    "reported_up": Rule("上报上级", "reported up", "higher", {"promised": _HIGHER, "statutory": _HIGHER}),
    "collection": Rule("待领取", "waiting to be collected", "applicant", {"delivery": _ART_44}),
    "countersign": Rule("会签", "countersigning", "joint", {}),
    "returned": Rule("内部退回", "returned between our own levels", "", {}),
}
# In the order of the table, which settles whose day it is where two open on one day.
EXCLUSION_NUMBERS: Final[dict[str, int]] = {kind: number for number, kind in enumerate(EXCLUSIONS)}

FLAGS: Final[dict[str, tuple[str, str]]] = {
    "empty": (
        "有不计时段的结束日早于开始日，按没有计",
        "an exclusion ends before it begins and counts as none",
    ),
    "many": ("不计时段超过两次，列入督查", "more than two exclusions: listed for supervision"),
    "half": ("不计时间超过一半，列入督查", "more than half of the time is excluded: listed for supervision"),
    "too_late": ("延期在期限届满之后作出，不生效", "extended when the limit had passed: without effect"),
}
