"""What documents say of service: what was confirmed, as it stood when the document was due, and how one was served."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.case import kinds
from sync_protocol.case.service import agrees, service_of
from village_node.notices.source import Source, iso_day


def _as_of(source: Source) -> dict[str, str]:
    """What stood when this event was written: of a confirmation, with it."""
    at = [each.position for each in source.records].index(source.record.position)
    counted = [each for each in source.records[: at + 1] if each.kind == kinds.SERVICE_ADDRESS and not each.why_not]
    return service_of(each.body for each in counted)


def _said(service: Mapping[str, str], way: str) -> str:
    return "同意" if agrees(service, way) else "不同意"


def standing(source: Source) -> dict[str, str]:
    """The address that was confirmed in one line, and which ways were agreed to; a document that was not served yet
    goes by what stands now."""
    service = _as_of(source) if source.record.kind == kinds.DELIVERED else source.case.service
    shown = (service.get("recipient", ""), service.get("phone", ""), service.get("address", ""))
    wire = _said(service, "electronic")
    to = service.get("electronic_to", "")
    return {
        "service": "　".join(each for each in shown if each),
        "by_post": _said(service, "post"),
        "by_wire": f"{wire}（{to}）" if to else wire,
    }


def sent(body: Mapping[str, Any]) -> str:
    """The number of what was posted or sent, or the day on which it was made public."""
    if body.get("published"):
        return f"公告日期：{iso_day(body['published'])}"
    return f"邮件号（发送记录号）：{body['proof']}" if body.get("proof") else ""


def confirmed(source: Source) -> dict[str, Any]:
    """What is confirmed, or what stands of it once consent to electronic service is withdrawn."""
    body, service = source.record.body, _as_of(source)
    return {
        "recipient": service.get("recipient", ""),
        "address": service.get("address", ""),
        "phone": service.get("phone", ""),
        "posted": agrees(service, "post"),
        "electronic": agrees(service, "electronic"),
        "electronic_to": service.get("electronic_to", ""),
        "withdrawn": body.get("what") == "consent_withdrawn",
        "reason": body.get("reason", ""),
        "signed_by": body.get("by", ""),
    }
