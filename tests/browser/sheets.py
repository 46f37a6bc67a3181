"""What comes out of the printer: a document that a person asks for, and a sheet of paper read back."""

import io
import re
import unicodedata
from typing import Any, cast

from playwright.sync_api import Page, Route
from pypdf import PdfReader

A4_MM, A5_MM = (210, 297), (148, 210)
MM = 25.4 / 72  # of a point


def printed(page: Page, link: str) -> bytes:
    """Follow the link to a document, on to the button, and take what comes: the page shows nobody before that."""
    page.goto(page.get_by_role("link", name=link, exact=True).last.get_attribute("href") or "")
    taken: list[bytes] = []

    def take(route: Route) -> None:
        answer = route.fetch()
        assert answer.headers["content-type"] == "application/pdf"
        taken.append(answer.body())
        route.fulfill(body="printed", content_type="text/plain")  # what shows a PDF differs between browsers

    page.route(re.compile("/documents/"), take)
    page.get_by_role("button", name="打印", exact=True).click()
    page.get_by_text("printed").wait_for()
    page.unroute(re.compile("/documents/"))
    return taken[0]


def read(paper: bytes, size: tuple[int, int] = A4_MM) -> str:
    """The words of a paper without their blanks, in narrow signs; AssertionError where its sheets have another size, or
    bear letters whose shapes do not come with them."""
    sheets = PdfReader(io.BytesIO(paper)).pages
    for sheet in sheets:
        measured = tuple(round(float(each) * MM) for each in sheet.mediabox[2:])
        assert measured == size, measured
        faces = [each.get_object() for each in cast(Any, sheet["/Resources"])["/Font"].values()]
        assert faces and all(_carried(each) for each in faces)
    said = "".join(each.extract_text() for each in sheets)
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", said))  # a browser may write a radical for its sign


def _carried(face: Any) -> bool:
    described = [each.get_object() for each in face.get("/DescendantFonts", [face])]
    shapes = {"/FontFile", "/FontFile2", "/FontFile3"}
    return face["/Subtype"] == "/Type3" or all(shapes & {*each["/FontDescriptor"].get_object()} for each in described)
