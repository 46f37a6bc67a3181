"""Who gives a command that takes two persons shows a password: a work number alone is nobody's word."""

from typing import Final

from village_node.accounts import Person, SignInRefused
from village_node.app import Node
from village_node.casebook import NotAllowed

_SOURCE: Final = "command line"


def vouched(node: Node, staff_no: str, password: str) -> Person:
    """Who shows this password at the command line. Raises NotAllowed where they are not who they say."""
    try:
        return node.accounts.vouch(staff_no, password, _SOURCE)
    except SignInRefused as refused:
        wait_s = -(-refused.wait_ms // 1000)
        raise NotAllowed(
            f"{staff_no}：" + (f"请等 {wait_s} 秒再试" if wait_s else "工号或密码不对"),
            f"{staff_no}: " + (f"wait {wait_s} s and try again" if wait_s else "the number or the password is wrong"),
        ) from None
