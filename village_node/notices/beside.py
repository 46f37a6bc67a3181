"""What the documents beside the straight way say: a hearing, a public notice and its result, a survey, a case reported
up."""

from dataclasses import replace
from typing import Any, Final

from sync_protocol.case import Position, kinds
from village_node.notices.source import Record, Source, day, iso_day, papers

_DAY_MS: Final = 86_400_000


def hearing(source: Source) -> dict[str, Any]:
    """When and where a hearing is held, who presides, and how long all of it takes."""
    body = source.record.body
    return {
        "basis": body.get("basis", ""),
        "days": body.get("planned_days", 0),
        "hearing_day": iso_day(body.get("hearing_day", "")),
        "hearing_at": body.get("hearing_at", ""),
        "presider": source.presider or body.get("presider", ""),
        "reason": body.get("reason", ""),
    }


def hearing_right(source: Source) -> dict[str, Any]:
    """What is intended, and until when a hearing may be asked for."""
    body = source.record.body
    until = f"当日收到的，{source.supply_by}" if source.supply_by else "自收到的次日起计算"
    return {"intended": body.get("intended", ""), "basis": body.get("basis", ""), "until": until}


def reported_up(source: Source) -> dict[str, Any]:
    """To whom a case is reported, with which opinion of ours, and what goes with it."""
    body, opinions = source.record.body, source.counted(kinds.REVIEW)
    return {
        "higher": body.get("higher_body", ""),
        "basis": body.get("basis", ""),
        "reason": body.get("reason", ""),
        "opinion": source.choice(opinions[-1].body.get("opinion", "")) if opinions else "",
        "text": opinions[-1].body.get("text", "") if opinions else "",
        "papers": papers(source.case.materials),
    }


def publicity(source: Source) -> dict[str, Any]:
    """What is made public, for how long, and where to object."""
    body, item = source.record.body, source.item
    days = body.get("planned_days") or item.publicity_days
    calendar = item.publicity_unit == "calendar"
    until = day(source.record.at_ms + days * _DAY_MS) if calendar else ""
    return {
        "basis": body.get("basis", ""),
        "days": days,
        "unit": "日" if calendar else "个工作日",
        "until": until,
        "reason": body.get("reason", ""),
        "office": source.offices.hall(source.record.place),
    }


def published(source: Source) -> dict[str, Any]:
    """What came of a public notice."""
    opened = _opened(source)
    said = publicity(_at(source, opened)) if opened is not None else {}
    return {
        "asked": day(opened.at_ms) if opened is not None else "",
        "basis": said.get("basis", ""),
        "days": said.get("days", 0),
        "unit": said.get("unit", ""),
        "result": source.record.body.get("result", ""),
    }


def survey(source: Source) -> dict[str, Any]:
    """Who was there, and what they found."""
    body, opened = source.record.body, _opened(source)
    return {
        "inspectors": list(body.get("inspectors", ())),
        "result": body.get("result", ""),
        "basis": opened.body.get("basis", "") if opened is not None else "",
        "asked": day(opened.at_ms) if opened is not None else "",
    }


def _opened(source: Source) -> Record | None:
    """The record that opened the procedure which this one ends."""
    position = Position(*source.record.body["opened"])
    return next((each for each in source.records if each.position == position), None)


def _at(source: Source, record: Record) -> Source:
    return replace(source, record=record)
