"""Who gives a command that takes two persons shows a password: a work number alone is nobody's word."""

from typing import Final

from village_node.accounts import Person, SignInRefused
from village_node.app import Node
from village_node.casebook import NotAllowed

_SOURCE: Final = "command line"
_WHY: Final = {
    "missing": ("没有填写验证码", "the code is missing"),
    "code": ("验证码不对，可改用恢复码", "the code is wrong; a recovery code does as well"),
    "used": ("验证码已用过，请等下一个", "the code was used: wait for the next one"),
    "none": (
        "岗位必须使用二次验证，请先在网页上退出后重新登录，按提示设置",
        "the role demands a second factor: sign out and in again at the pages first, which sets it up",
    ),
    "unreadable": ("验证码的密钥打不开，请恢复 files.key", "the secret of its codes does not open: restore files.key"),
}


def vouched(node: Node, staff_no: str, password: str, code: str = "") -> Person:
    """Who shows this password at the command line, and this code where the account has a second factor. Raises
    NotAllowed where they are not who they say."""
    try:
        return node.accounts.vouch(staff_no, password, _SOURCE, code)
    except SignInRefused as refused:
        if refused.why:
            zh, en = _WHY[refused.why]
            raise NotAllowed(f"{staff_no}：{zh}", f"{staff_no}: {en}") from None
        wait_s = -(-refused.wait_ms // 1000)
        raise NotAllowed(
            f"{staff_no}：" + (f"请等 {wait_s} 秒再试" if wait_s else "工号或密码不对"),
            f"{staff_no}: " + (f"wait {wait_s} s and try again" if wait_s else "the number or the password is wrong"),
        ) from None
