"""Masking of personal data: the one place that decides how much of a name, number or address a page may show."""

# Two-character family names that are common enough to be told from a given name.
_DOUBLE_NAMES = frozenset({
    "欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "东方", "西门",
    "南宫", "长孙", "宇文", "端木", "轩辕", "独孤", "呼延", "拓跋", "万俟", "淳于", "单于", "申屠", "公羊",
    "澹台", "钟离", "濮阳", "太史",
})  # fmt: skip

NO_DOCUMENT = "无证件"  # what stands in place of the number of who has none: it is no number, and is shown
VOUCHED = "；证明人："  # between why there is none and who vouches, in the window's note


def name(full: str) -> str:
    """A person's or firm's name with everything after the family name hidden: `张*`, `欧阳*`."""
    if not full:
        return ""
    kept = 2 if full[:2] in _DOUBLE_NAMES and len(full) > 2 else 1
    return full[:kept] + "*"


def identity_number(number: str) -> str:
    """An identity number with its first two and last three characters: `35**********123`; short ones hidden."""
    if number.startswith(NO_DOCUMENT):
        return number
    if len(number) < 8:
        return "*" * len(number)
    return number[:2] + "*" * (len(number) - 5) + number[-3:]


def phone(number: str) -> str:
    """A telephone number with its middle hidden: `138****1234`; of a short one only the last two digits stay."""
    if len(number) < 9:
        return "*" * max(0, len(number) - 2) + number[-2:] if len(number) > 4 else "*" * len(number)
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def address(text: str) -> str:
    """An address down to the township: what stands behind the first 乡, 镇 or 街道 is hidden; without one, all but six
    signs; and whatever it says first, all from a digit, 村, 组 or 号 on."""
    ends = [found + len(word) for word in ("街道", "镇", "乡", "苏木") if (found := text.find(word)) > 0]
    end = min(ends) if ends else 6 if len(text) > 6 else 0
    closer = next((at for at, sign in enumerate(text) if sign.isdigit() or sign in "村组号"), end)
    end = min(end, closer)
    return text[:end] + ("***" if len(text) > end else "")


def note(text: str) -> str:
    """A window's note; who vouches for somebody without a document is hidden: `无证件：…；证明人：***`."""
    first, end, rest = text.partition("\n")
    said, vouched, _ = first.partition(VOUCHED)
    return said + vouched + "***" + end + rest if first.startswith(NO_DOCUMENT) and vouched else text


def anything(text: str) -> str:
    """Free text that may hold personal data: only that something is there."""
    return "***" if text else ""
