"""The receipt of a case: number, query code and the QR code that leads to it."""

from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds
from sync_protocol.places import about
from village_node.web import documents, known_before, timeline, unproven
from village_node.web.cases import READS, fetch
from village_node.web.policy import Route
from village_node.web.qr import qr
from village_node.web.site import Visit


def receipt(visit: Visit, place: str, case_id: str) -> Response:
    """The receipt handed to the applicant: number, query code and the QR code that leads to the case."""
    case = fetch(visit, place, case_id)
    if not case.case_no or not case.query_code:
        raise NotFound
    address = f"{visit.site.config.url}/q/{case.query_code}"
    entries = visit.site.casebook.timeline(about(case.home), case.case_id)
    offered = documents.offered(visit, case, entries)
    received = [entry.position for entry in entries if entry.kind == kinds.RECEIVE]
    return visit.render(
        "receipt.html",
        case=case,
        item=visit.site.catalogue.find(case.item_no, case.item_version),
        address=address,
        code=grouped(case.query_code),
        drawing=qr(address, visit.t("查询二维码", "QR code to look the case up")),
        papers=[timeline.paper_words(visit, *paper[:3]) for paper in case.materials],
        before=known_before.of(visit, case.applicant.get("id_no", ""), case.case_id),
        lacking=unproven.papers(visit, case),
        documents=[each for position in received for each in offered.get(position, ())],
    )


def grouped(code: str) -> str:
    """A query code in groups to be read out: the six characters that are typed, then the rest."""
    return f"{code[:6]}-{code[6:]}"


ROUTES: Final = (Route("/cases/<place>/<case_id>/receipt", "receipt", receipt, READS),)
