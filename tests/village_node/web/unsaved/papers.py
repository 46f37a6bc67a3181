"""Forms about the papers of a case, and what a telephone sends for it."""

import re
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Final

import pytest
from PIL import Image

from tests.village_node.web.counter import APPLICATION, hidden_of
from tests.village_node.web.unsaved.form import TYPED, OpenedAgain, Ready, State
from village_node.accounts.passes import token_of
from village_node.uploads import Upload
from village_node.web.site import SITE


def _paper(request: pytest.FixtureRequest, what: str) -> Ready:
    """The papers of a case: adding one, or one that is there."""
    agent, village = request.getfixturevalue("agent"), request.getfixturevalue("village")
    case = agent.file()
    address = f"{case}/papers"
    photo = BytesIO()
    Image.new("RGB", (40, 30)).save(photo, "JPEG")
    if what == "add":
        fields = {"other": TYPED, "files": (OpenedAgain(photo.getvalue()), "a.jpg")}
        return Ready(agent, address, fields)
    _, _, place, case_id = case.split("/")
    book, key = village.member.casebook, (f"about:{place}", bytes.fromhex(case_id))
    book.add_paper("0001", village.member.roles, key, "身份证", Upload(photo.getvalue(), "image/jpeg", None))
    (paper,) = re.findall(r'name="paper" value="([0-9a-f.]+)"', agent.open(address).text)
    if what == "withdraw":
        return Ready(agent, f"{address}/withdraw", {"paper": paper, "reason": TYPED})
    return Ready(agent, f"{address}/{paper}/{what}", {"reason": TYPED})


def _draft(request: pytest.FixtureRequest) -> Ready:
    """A draft that is thrown away."""
    agent = request.getfixturevalue("agent")
    form = hidden_of(agent.open("/file/001").text, "/file/001")
    assert agent.client.post("/file/001/keep", data={**APPLICATION, **form}).status_code == 200
    return Ready(agent, f"/drafts/{form['draft_id']}/delete", {"text": TYPED})


def _phone(request: pytest.FixtureRequest, what: str) -> Ready:
    """A code for a telephone that is opened or closed, or a photo that comes by it and is decided on."""
    agent, village = request.getfixturevalue("agent"), request.getfixturevalue("village")
    site = village.app.extensions[SITE]
    site.config = replace(site.config, host="0.0.0.0", public_url="http://192.168.1.10:8700")
    case = agent.file()
    address = f"{case}/papers/phone"
    if what == "give":
        return Ready(agent, address, {"text": TYPED})
    agent.send(address, {})
    _, _, place, case_id = case.split("/")
    key = (f"about:{place}", bytes.fromhex(case_id))
    cookie = agent.client.get_cookie(site.session_cookie).value
    given = village.accounts.passes.of(cookie, key)
    if what == "send":
        photo = BytesIO()
        Image.new("RGB", (40, 30)).save(photo, "JPEG")
        fields = {"text": TYPED, "files": (OpenedAgain(photo.getvalue()), "a.jpg")}
        return Ready(village.visitor(), f"/phone/{token_of(cookie, given.id)}", fields)
    if what == "end":
        return Ready(agent, f"{address}/end", {"text": TYPED})
    village.member.casebook.keep_phone_file(given.id, key, "身份证", Upload(b"photo", "image/jpeg", None))
    (waits,) = village.member.casebook.phone_files(key)
    return Ready(agent, f"{address}/{waits.name}/{what}", {"other": TYPED})


STATES: Final[dict[str, State]] = {
    "delete_draft": _draft,
    "add_papers": partial(_paper, what="add"),
    "withdraw_paper": partial(_paper, what="withdraw"),
    "paper_view": partial(_paper, what="view"),
    "paper_original": partial(_paper, what="original"),
    "give_phone_pass": partial(_phone, what="give"),
    "end_phone_pass": partial(_phone, what="end"),
    "send_by_phone": partial(_phone, what="send"),
    "take_phone_file": partial(_phone, what="take"),
    "discard_phone_file": partial(_phone, what="discard"),
}
