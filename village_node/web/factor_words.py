"""What pages say of codes of a second factor that were not taken, and how a secret is drawn for a telephone."""

from typing import Any, Final

from village_node.accounts.factors import NotConfirmed, SetUp
from village_node.accounts.sessions import Why
from village_node.web import times
from village_node.web.qr import qr
from village_node.web.site import Visit

# What helps whoever is kept out, and needs no line and no right clock.
_HELP: Final = (
    "没有手机或一直不对的，可填一个恢复码；恢复码也没有的，请负责人或系统管理员在“人员”页重置，"
    "或由系统管理员在本机用 factor 命令重置。",
    "Without the telephone, or where it stays wrong, type a recovery code; without those a head or administrator "
    "resets it on the page of staff, or with the command `factor` on this machine.",
)


def clock_of(visit: Visit) -> str:
    """The time of this node to the second, by which codes are counted."""
    return f"{times.local(visit.now_ms):%Y-%m-%d %H:%M:%S}"


def refused(visit: Visit, why: Why) -> str:
    """Why a code was not taken, and what to do. Whoever typed it has shown a right password."""
    if why == "missing":
        return visit.t("请同时填写验证码。", "Please give the code as well.")
    if why == "none":
        return visit.t(
            "您的岗位必须使用二次验证，您还没有设置，所以不能办理需要再次确认密码的事项。请先保存好手头的内容，退出后重新登录，"
            "按提示设置（约两分钟），再来办理。",
            "Your role demands a second factor and you have none, so nothing that asks for the password again can be "
            "done. Save what you are at, sign out and in again, which sets it up in two minutes, and come back.",
        )
    if why == "used":
        return visit.t(
            "这个验证码已经用过，每个只能用一次。请等验证器换出下一个（最多 30 秒）再填。",
            "This code was used, and each is good once. Wait for the next one (30 seconds at most).",
        )
    if why == "unreadable":
        return visit.t(
            "本机打不开二次验证的密钥（数据目录里的 files.key 缺失、损坏，或不是原来那个），请从备份恢复该文件。",
            "This node cannot open the secret of the second factor: files.key in its data directory is missing, "
            "damaged or another one. Restore it from the backup. ",
        ) + visit.t(*_HELP)
    now = clock_of(visit)
    return visit.t(
        f"验证码不对。本机时间是 {now}，手机时间与它相差半分钟以上的，验证码就一直不对，请把走错的钟调准。",
        f"The code is wrong. This node's clock says {now}; where the telephone's differs by more than half a minute, "
        "codes stay wrong until the clock that is off is set right. ",
    ) + visit.t(*_HELP)


def not_set_up(visit: Visit) -> str:
    """Why none can be set up here now, and who mends that: no code, and nobody who resets one, helps."""
    return visit.t(
        "本机打不开保管二次验证的密钥（数据目录里的 files.key 缺失、损坏，或不是原来那个），现在不能设置。"
        "请系统管理员从备份恢复该文件，然后再来设置。",
        "None can be set up now: files.key in the data directory of this node, which keeps their secrets, is missing, "
        "damaged or another one. The administrator restores it from the backup; then come back.",
    )


def not_confirmed(visit: Visit, off: NotConfirmed) -> str:
    """Why the code of a secret that is being set up is not taken: whoever sees it may know how far a clock is off."""
    now = clock_of(visit)
    if off.off_ms is None:
        return visit.t(
            f"验证码不对，请填验证器现在显示的 6 位数字。本机时间是 {now}，请与手机核对。",
            f"The code is wrong: give the six digits that are shown now. This node's clock says {now}; compare it with "
            "the telephone's.",
        )
    far = times.span(abs(off.off_ms), visit.lang)
    later = off.off_ms > 0
    return visit.t(
        f"验证器设置对了，但两边的钟对不上：本机时间是 {now}，比手机{'慢' if later else '快'}约 {far}。"
        "请把走错的钟调准再填。",
        f"The app is right but the clocks differ: this node's says {now}, about {far} "
        f"{'behind' if later else 'ahead of'} the telephone's. Set the one that is off, then give the code.",
    )


def shown(visit: Visit, made: SetUp) -> dict[str, Any]:
    """What the page needs to show a secret: as a drawing and in letters."""
    words = visit.t("用验证器扫的二维码", "Code to scan with the authenticator")
    return {"drawing": qr(made.address, words), "letters": made.letters}
