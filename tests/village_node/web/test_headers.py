"""Every answer of every route carries the headers that keep a browser from being used against people."""

import pytest
from flask import Blueprint

from tests.village_node.web.counter import Counter, Visitor
from village_node.web import refuse_undeclared_routes
from village_node.web.policy import UndeclaredRoute, declared

NOT_KEPT = "no-store"
# Written out again, so that a header taken away from the table is missed here.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


def addresses(counter: Counter, case: str) -> list[tuple[str, str]]:
    """One address for each method of each route, filled in with something that exists where that is possible."""
    place, case_id = case.split("/")[2:4]
    known = {
        "place": place,
        "case_id": case_id,
        "move": "note",
        "item_no": "001",
        "staff_no": "0001",
        "code": "0" * 13,
        "position": f"{'0' * 32}.1.{'0' * 16}",
        "token": f"04-1-{'0' * 20}",
        "draft_id": "0" * 32,
        "what": "confirm",
        "number": "1",
        "complaint_no": "621021101001-261121-7K3M-12-L",
        "consultation_no": "621021101001-261121-7K3M-12-L",
        "slip_no": "621021101001-261121-7K3M-12-L",
        "call_no": "621021101001-261121-7K3M-12-L",
        "version": "0" * 16,
        "period": "2026-11",
        "name": "site.css",
        "form": "csv",
        "listed": "work_export",
        "incarnation": "0" * 32,
        "bundle_id": "0" * 32,
        "batch_id": "0" * 32,
        "scope": f"about:{place}",
        "split": 1,
        "upload": "0" * 64,
    }
    found = []
    with counter.app.test_request_context():
        for rule in counter.app.url_map.iter_rules():
            values = {name: known[name] for name in rule.arguments}
            methods = (rule.methods or set()) & {"GET", "POST", "HEAD", "PATCH", "OPTIONS"}
            usual = next(each for each in ("GET", "POST", "HEAD", "PATCH") if each in methods)
            path = counter.app.url_map.bind("localhost").build(rule.endpoint, values, method=usual)
            found += [(method, path) for method in sorted(methods)]
    return found


@pytest.mark.slow
def test_every_answer_of_every_route_carries_the_headers(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    tried = addresses(village, case)
    assert len(tried) > 60
    for method, path in [*tried, ("GET", "/there/is/no/such/page"), ("DELETE", "/query")]:
        answer = agent.client.open(path, method=method)
        for name, value in HEADERS.items():
            if path == "/api/v1/docs":  # Swagger UI keeps its drawings in its style
                value = value.replace("blob:", "blob: data:")
            assert answer.headers.get(name) == value, (method, path, name)
        kept = answer.headers["Cache-Control"]
        assert kept == NOT_KEPT or (path.startswith("/assets/") and answer.status_code == 200), (method, path, kept)
        assert "Strict-Transport-Security" not in answer.headers
        assert answer.status_code < 500, (method, path)


def test_files_may_be_kept_because_their_address_changes_with_their_bytes(agent: Visitor) -> None:
    page = agent.open("/query").text
    assert page.count('rel="stylesheet"') == 1, "no half of the style is ever drawn without the other"
    address = next(part for part in page.split('"') if part.startswith("/assets/") and part.endswith("page.css"))
    answer = agent.open(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    version = address.split("/")[2]
    assert agent.open(address.replace(version, "0" * 16)).status_code == 404


def test_behind_tls_cookies_are_secure_and_the_browser_remembers_it(network, folder) -> None:
    from tests.builders import VILLAGE
    from tests.village_node.web.counter import open_counter

    counter = open_counter(network.members[VILLAGE], folder, behind_tls=True)
    answer = counter.visitor().client.get("/query", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-sanji-{VILLAGE}=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


def test_a_page_names_no_other_host_and_holds_no_inline_script_or_style(agent: Visitor) -> None:
    case = agent.file()
    for path in (
        "/",
        "/query",
        "/items",
        "/items/001",
        "/work",
        "/file/001",
        case,
        f"{case}/receipt",
        "/health",
        "/account",
        "/second-factor",
    ):
        page = agent.open(path).text
        assert "http://" not in page.replace("http://localhost", "").replace("http://127.0.0.1:8700/q/", "")
        assert "https://" not in page
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page


def test_an_unknown_host_is_refused(village: Counter) -> None:
    answer = village.visitor().client.get("/query", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.content_type.startswith("text/plain"), "the words alone: a strange name gets nothing of this place"
    assert village.config.name not in answer.text and "Set-Cookie" not in answer.headers
    assert village.visitor().client.get("/query", headers={"Host": "127.0.0.1:8700"}).status_code == 200


def test_an_app_with_an_undeclared_route_does_not_start(village: Counter) -> None:
    village.app.add_url_rule("/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(UndeclaredRoute, match="/forgotten"):
        refuse_undeclared_routes(village.app)
    # And until somebody looks, it answers nobody.
    assert village.visitor().open("/forgotten").status_code == 404


def test_a_door_for_machines_carries_no_page_headers(village: Counter) -> None:
    door = Blueprint("downlink", __name__)
    door.add_url_rule("/sync/v1/exchange", "exchange", lambda: b"reply", methods=["POST"])
    village.app.register_blueprint(door)
    refuse_undeclared_routes(village.app)
    answer = village.visitor().client.post("/sync/v1/exchange", data=b"x", headers={"Host": "parent.example"})
    assert answer.data == b"reply"
    assert "Content-Security-Policy" not in answer.headers


def test_every_route_says_what_it_reaches_and_shows(village: Counter, township: Counter) -> None:
    for counter in (village, township):
        for endpoint, policy in declared(counter.app).items():
            shows_persons = policy.fields in ("masked", "reasoned", "typed")
            assert not (shows_persons and policy.roles is None), endpoint
            assert not (policy.scope == "node" and policy.roles is None), endpoint
