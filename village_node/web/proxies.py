"""That nobody acts for the applicant any more: who revoked the authority, when and why."""

from sync_protocol.case import Case
from sync_protocol.case.complaints import ONESELF
from village_node.web import times, words
from village_node.web.box import Box
from village_node.web.site import Visit


def boxes(visit: Visit, case: Case) -> list[Box]:
    """The authority that was revoked last, where no other was given since."""
    if not case.authorities or case.authorities[-1].body.get("what") != "revoked":
        return []
    note = case.authorities[-1]
    lines = [f"{visit.place_name(note.place)} · {times.moment(note.at_ms, visit.lang)}", note.body.get("reason", "")]
    if note.actor == ONESELF:
        lines[0] += f" · {visit.t(*words.actor_words(note.actor))}"
    lines.append(
        visit.t(
            "结果送达本人；由他人代领须先登记新的委托。",
            "The result is given to the applicant; for somebody else to collect it another authority is entered.",
        )
    )
    return [
        Box("waiting", "person", visit.t("委托已撤销", "The authority is revoked"), [each for each in lines if each])
    ]
