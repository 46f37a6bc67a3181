"""How pages look to one person: language, letter size; how a screen in a hall forgets that person; the files that pages
load, and the start page."""

from typing import Final

from flask import make_response, redirect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.web.policy import SIGNED_IN, Policy, Route
from village_node.web.site import DISPLAY_COOKIE, DISPLAY_DAYS, KIOSK_COOKIE, LANGUAGES, Visit, local_path
from village_node.web.way_back import ANEW

ANYBODY: Final = Policy(None, "public")
WORKS_HERE: Final = Policy(SIGNED_IN, "public")


def start(visit: Visit) -> Response:
    """The start page: for staff their work, for everybody else the three doors."""
    if visit.person is not None:
        return visit.redirect("work")
    return visit.render("start.html")


def choose_display(visit: Visit) -> Response:
    """Keep the language and the letter size chosen, and go back."""
    asked = visit.request.values
    lang = asked.get("lang", visit.lang)
    big = asked.get("big", "big" if visit.big else "")
    response = come_back(visit)
    _keep(visit, response, lang if lang in LANGUAGES else "zh", big=big == "big")
    return response


def take(visit: Visit) -> bool:
    """Draw this page in the print or the language that stands in the address of a form's own button; False: none does.

    Without scripts such a button brings along what is typed, which those of the frame do not know of."""
    asked = visit.request.args.get("display", "")
    if visit.request.method != "POST" or asked not in (*LANGUAGES, "big", "usual"):
        return False
    if asked in LANGUAGES:
        visit.lang = asked
    else:
        visit.big = asked == "big"
    visit.redrawn = True
    return True


def keep(visit: Visit, response: Response) -> None:
    """Have the pages to come look as this one does."""
    _keep(visit, response, visit.lang, big=visit.big)


def _keep(visit: Visit, response: Response, lang: str, *, big: bool) -> None:
    response.set_cookie(
        DISPLAY_COOKIE,
        f"{lang}.{'big' if big else ''}",
        max_age=DISPLAY_DAYS * 86_400,
        httponly=True,
        samesite="Strict",
        secure=visit.site.config.behind_tls,
        path="/",
    )


def come_back(visit: Visit) -> Response:
    """Lead back from a button of the frame; where the fields of the page came along, they are sent there once more."""
    back = local_path(visit.request.values.get("back", "/"))
    return redirect(back, code=307 if visit.request.args.get(ANEW) == "yes" else 303)


def kiosk(visit: Visit) -> Response:
    """The first page of a browser that stands in a hall: until it is closed it forgets whoever has gone."""
    response = visit.redirect("query")
    tls = visit.site.config.behind_tls
    response.set_cookie(KIOSK_COOKIE, "yes", httponly=True, samesite="Strict", secure=tls, path="/")
    return response


def design(visit: Visit) -> Response:
    """The parts that every page is made of, drawn by what draws them there."""
    return visit.render("design.html")


def leave(visit: Visit) -> Response:
    """Where a page of somebody's own leads when he is done, or has gone: nothing of it stays with the browser, and what
    he had on his screen cannot be asked for again with the forms of before. A hall's screen is as new."""
    response = visit.redirect("query")
    response.headers["Clear-Site-Data"] = '"cache", "storage"' if visit.kiosk else '"cache"'
    tls = visit.site.config.behind_tls
    if visit.kiosk:
        response.delete_cookie(DISPLAY_COOKIE, path="/", secure=tls, httponly=True, samesite="Strict")
    if visit.cookie and visit.person is None:
        name = visit.site.session_cookie
        response.delete_cookie(name, path="/", secure=tls, httponly=True, samesite="Strict")
    return response


def asset(visit: Visit, version: str, name: str) -> Response:
    """One style, script or drawing. Its address holds its hash, so it may be kept for a year."""
    found = visit.site.assets.get(version, name)
    if found is None:
        raise NotFound
    response = make_response(found.content)
    response.headers["Content-Type"] = found.media_type
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


ROUTES: Final = (
    Route("/", "start", start, ANYBODY),
    Route("/display", "choose_display", choose_display, ANYBODY, ("POST",)),
    Route("/kiosk", "kiosk", kiosk, ANYBODY),
    Route("/design", "design", design, WORKS_HERE),
    Route("/leave", "leave", leave, ANYBODY, refreshes=True),
    Route("/assets/<version>/<name>", "asset", asset, ANYBODY, refreshes=True),
)
