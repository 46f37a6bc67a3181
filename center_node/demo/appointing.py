"""The registers of the demonstration: made-up representatives, seals and opening hours, entered on the pages by their
keepers."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from center_node.demo.visitor import Form
from center_node.demo.walk import WalkFailed, Worker

SAMPLE: Final = "样例"
_HOURS: Final = "8:30–12:00，14:30–18:00"
_SLOTS: Final = "09:00 10:00 11:00 15:00 16:00 17:00"
_SEALS: Final = {"acceptance": f"{SAMPLE}受理章", "decision": f"{SAMPLE}2号章"}


def appoint(
    head: Worker, business: Worker, departments: Iterable[str], principal: str, b: str, reason: str = ""
) -> None:
    """Delegate all that each department may delegate to one representative, with the centre's consent.

    `principal` and `b`: staff numbers of the department's head and of its representative. `reason`: why one who is
    still in office is replaced at once, and not in a month. Raises WalkFailed.
    """
    for number, department in enumerate(departments, start=1):
        page = head.visitor.open(f"{head.node.url}/authority?department={quote(department)}")
        form = page.form("/authority/delegate")
        listed = sorted(name for name in form.names if name.startswith("item:"))
        items = {name: "full" if (name, "full") in form.options else "limited" for name in listed}
        document_no = f"{SAMPLE}委〔2026〕{number}号"
        _sent(head, form, {"head": principal, "b": b, "document_no": document_no, "reason": reason, **items})
        form = business.visitor.open(f"{business.node.url}/authority").form("/authority/consent")
        _sent(business, form, {"document_no": f"{SAMPLE}中心函〔2026〕{number}号"})


def keep_seal(head: Worker, use: str, custodians: Iterable[str]) -> None:
    """Enter a place's seal, or hand it over to others. Raises WalkFailed."""
    form = head.visitor.open(f"{head.node.url}/seals").form("/seals")
    values = {
        "seal_no": _SEALS[use],
        "use": use,
        "owner": f"{head.node.name}（{SAMPLE}）",
        "department": "",
        "mark": "2" if use == "decision" else "",
        "custodians": " ".join(custodians),
        "document_no": f"{SAMPLE}印〔2026〕1号",
    }
    _sent(head, form, values)


def hear(worker: Worker) -> None:
    """Begin to hear complaints about the places below, which are sealed to this one. Raises WalkFailed."""
    _sent(worker, worker.visitor.open(f"{worker.node.url}/complaints").form("/complaints/open"), {})


def open_room(head: Worker, last_digits: str) -> None:
    """Enter when a place's room is open, where it is, its telephone, and when one can come by appointment. Raises
    WalkFailed."""
    form = head.visitor.open(f"{head.node.url}/duty").form("/duty/room")
    values = {
        **{f"hours{day}": _HOURS for day in range(5)},
        "address": f"{head.node.name}便民服务场所（{SAMPLE}）",
        "phone": f"0934-0000{last_digits}（{SAMPLE}）",
        "slots": _SLOTS,
        "a_slot": "4",
    }
    _sent(head, form, values)


def _sent(worker: Worker, form: Form, values: Mapping[str, str]) -> None:
    page = worker.visitor.submit(form, values)
    if page.status == HTTPStatus.UNAUTHORIZED:  # it gives power, so the password is asked for once more
        page = worker.visitor.submit(page.form(form.action), {"again_password": worker.password})
    if page.status != 200 or "done=" not in page.url:
        raise WalkFailed(f"{worker.node.name}: {page.url}: status {page.status}: {page.text[:500]}")
