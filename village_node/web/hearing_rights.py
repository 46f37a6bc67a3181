"""What the page of a case says of the right to be heard: who was told when, what was answered, what waits for it."""

from sync_protocol.case import Case
from village_node.casebook import hearing_rights
from village_node.web import times, words
from village_node.web.box import Box
from village_node.web.site import Visit


def boxes(visit: Visit, case: Case) -> list[Box]:
    """The notices and answers, and why nothing adverse may be decided yet."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    found = []
    for note in case.hearing_rights:
        lines = [f"{visit.place_name(note.place)} · {times.moment(note.at_ms, visit.lang)}"]
        lines += [note.body.get("document_no", ""), note.body.get("intended", "")]
        title = visit.t("听证权利：", "Right to be heard: ") + visit.t(*words.choice_words(note.body.get("what", "")))
        found.append(Box("plain", "letters", title, [each for each in lines if each]))
    if case.decision is not None or not case.docketed or item is None:
        return found
    calendar, today = visit.site.casebook.calendar(), times.local(visit.now_ms).date()
    why = hearing_rights.why_not_adverse(case, item, calendar, today)
    if why is not None:
        title = visit.t("现在不能作出不予（撤销）决定", "Nothing may be decided against the applicant yet")
        found.append(Box("waiting", "lock", title, [visit.t(*why)]))
    return found
