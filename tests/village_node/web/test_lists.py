"""Every page with a list has a search or filters that stand in its address, pages, and a file for who may take it away;
what is otherwise is written down here with its reason."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import template_rendered
from jinja2 import Template

from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_consultations import asked
from tests.village_node.web.test_export import csv_rows, told
from tests.village_node.web.test_item_versions import form
from village_node.web.book_tables import TABLES
from village_node.web.policy import EXPORTS, declared
from village_node.web.times import DAY_MS

ROLES = {
    "village": ("agent", "head", "admin"),
    "county": ("window", "head", "officer", "business", "supervisor", "leader", "admin"),
}
# A table of rows, by its own mark or by the macro of the counter's books.
ROWS = re.compile(r'<table class="list|\{% call book\(')
SEARCH, PAGES = re.compile(r'role="search"|filter_form\('), re.compile(r'pager\(|class="pager"')
FEW = "a few lines, each waiting for somebody to settle it"
A_DAY = "one day or one month, chosen in the address and seen as a whole"
NEWEST = "only the newest of each kind are kept at hand"
NO_FILE = "people are named in it, and it is kept at this place"
WHOLE = "one sheet, made to be printed as a whole"
# Page -> what it goes without, and why.
WITHOUT: dict[str, dict[str, str]] = {
    "design": dict.fromkeys(("search", "pages", "file"), "shows what pages are made of"),
    "forks": dict.fromkeys(("search", "pages", "file"), FEW),
    "roster_forks": dict.fromkeys(("search", "pages", "file"), FEW),
    "revocations": dict.fromkeys(("search", "pages", "file"), FEW),
    "health": dict.fromkeys(("search", "pages", "file"), "one line a stream: all of them are to be seen at a glance"),
    "quarantine": dict.fromkeys(("search", "pages", "file"), NEWEST),
    "carrying": dict.fromkeys(("search", "pages", "file"), NEWEST),
    "duty": dict.fromkeys(("search", "pages", "file"), A_DAY),
    "turns": dict.fromkeys(("pages", "file"), A_DAY),
    "day_end": dict.fromkeys(("pages", "file"), A_DAY),
    "overview": dict.fromkeys(
        ("search", "pages"), "one screen: sums, and one mark a place; its file has a row a place"
    ),
    "catalogue_import": dict.fromkeys(
        ("search", "pages", "file"), "what one file would change, seen whole before it is published"
    ),
    "windows_map": {"file": "for residents, who take nothing away; staff export the register behind it"},
    "bulletins": {"file": "each is a file of its own"},
    "score_rules": dict.fromkeys(("search", "pages", "file"), "the rules in force, and the few before them"),
    "webhooks": {"file": "where news goes is told to who settles it, at this place"},
    "fee_day": {"pages": A_DAY},
    "service_counts": {"pages": "sums, one line a place"},
    "rates": {"pages": "one line a rate, and one a place right below"},
    "timeliness": {"pages": "sums, one line a department"},
    "number_series": {"pages": "one line a series"},
    "items": {"pages": "a catalogue of some dozens, found by typing", "file": WHOLE},
    "disclosure": dict.fromkeys(("search", "pages", "file"), WHOLE),
    "authority": {
        "search": "a panel a department, found by its heading",
        "pages": "a panel a department",
        "file": "each delegation is a letter of its own, printed and signed",
    },
    "batches": {"file": "who files lists exports nothing; the cases of a list are in the list of cases"},
    "calls": {"file": "it is the list of cases that nobody has rated, which is exported"},
    "erasures": {"pages": "what was found for one person", "file": NO_FILE},
    "kin": {"file": NO_FILE},
    "staff": {"file": NO_FILE},
    "tokens": {"file": NO_FILE},
    "exports": {"file": "each stands in the audit trail, which is exported"},
}


def pages_of(counter: Counter) -> Iterator[tuple[str, str, str]]:
    """Address and endpoint of each page that is drawn with a table of rows, and the source of its template."""
    app, drawn = counter.app, list[str]()

    def note(_: object, template: Template, **__: object) -> None:
        drawn.append(template.name or "")

    visitor = counter.sign_in("0901", *ROLES[counter.member.casebook.identity.level])
    template_rendered.connect(note, app)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        # What a sign-out would end comes not: each page is opened by the same person.
        if "GET" not in (rule.methods or ()) or rule.arguments or rule.rule.startswith(("/api", "/leave")):
            continue
        drawn.clear()
        if visitor.open(rule.rule).status_code != 200 or not drawn:
            continue
        loader = app.jinja_env.loader
        assert loader is not None
        source = loader.get_source(app.jinja_env, drawn[0])[0]
        if ROWS.search(source):
            yield rule.rule, rule.endpoint, source


def lacking(counter: Counter) -> dict[str, set[str]]:
    """What the pages of a node with a list go without, by endpoint."""
    routes, found = declared(counter.app), {}
    for _, endpoint, source in pages_of(counter):
        has = {
            "search": bool(SEARCH.search(source) or re.search(r'<form class="filters[^>]* method="get"', source)),
            "pages": bool(PAGES.search(source)),
            "file": f"{endpoint}_export" in routes,
        }
        found[endpoint] = {name for name, there in has.items() if not there}
    return found


@pytest.mark.parametrize("place", ["village", "county"])
def test_every_page_with_a_list_can_be_searched_paged_and_exported(place: str, request: pytest.FixtureRequest) -> None:
    found = lacking(request.getfixturevalue(place))
    assert len(found) > 25, "the pages were found"
    assert {name: sorted(wants) for name, wants in found.items() if wants} == {
        name: sorted(WITHOUT[name]) for name in WITHOUT if name in found
    }


def test_no_reason_is_given_for_a_page_that_is_not_there(village: Counter, county: Counter) -> None:
    assert set(WITHOUT) <= set(lacking(village)) | set(lacking(county))


@pytest.mark.parametrize(("rule", "endpoint"), [each[:2] for each in TABLES])
def test_each_book_is_a_file_for_who_may_export_and_for_nobody_else(county: Counter, rule: str, endpoint: str) -> None:
    head = county.sign_in("1001", "head")
    page = head.open(f"{rule}?text=1234&page=3").text
    for ending in ("csv", "xlsx"):
        (address,) = re.findall(rf'href="({re.escape(rule)}\.{ending}[^"]*)"', page)
        assert "text=1234" in unescape(address), "narrowed as the page is"
    lines = csv_rows(head.open(f"{rule}.csv?text=1234"))
    assert len(lines) == 1 and len(lines[0]) >= 5, "a header, and nothing that fits"
    who, _, noted = told(county)
    assert who == "1001" and noted["rows"] == 0 and noted["text"] == "1234"
    officer = county.sign_in("1002", "officer")
    assert EXPORTS.isdisjoint({"officer"}) and officer.open(f"{rule}.csv").status_code == 404
    assert f"{rule}.csv" not in officer.open(rule).text
    assert county.visitor().open(f"{rule}.csv").status_code in (303, 404)


def test_a_search_stays_when_the_page_is_loaded_again(county: Counter) -> None:
    visitor = county.sign_in("1001", "head", "window", "business", "admin", "supervisor")
    forms = [(path, endpoint) for path, endpoint, source in pages_of(county) if "filter_form(" in source]
    assert len(forms) > 15
    for path, endpoint in forms:
        page = unescape(visitor.open(f"{path}?text=县%2612").text)
        assert 'name="text" value="县&12"' in page, endpoint
        assert "清除" in page.partition("<main")[2], endpoint


def test_the_lists_of_supervision_are_narrowed_by_number_and_by_who_has_the_case(
    network: Network, county: Counter, agent: Visitor
) -> None:
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    network.clock.now_ms += 90 * DAY_MS
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    number = csv_rows(supervisor.open("/supervision.csv"))[1][0]
    for fits in (f"text={number[:14].lower()}", "text=014", f"place={TOWNSHIP}", "grade=red_plus"):
        assert len(csv_rows(supervisor.open(f"/supervision.csv?{fits}"))) == 2, fits
        assert number in supervisor.open(f"/supervision?{fits}").text, fits
    for other in ("text=张", "text=01", f"place={COUNTY}", "grade=yellow"):
        assert len(csv_rows(supervisor.open(f"/supervision.csv?{other}"))) == 1, other
        page = supervisor.open(f"/supervision?{other}").text
        assert number not in page and "没有符合条件的" in page, other
    assert supervisor.open("/supervision?place=nowhere").status_code == 200, "what cannot be chosen is not chosen"


def test_files_of_books_hold_what_the_pages_show_and_nobody_s_own_words(
    network: Network, village: Counter, county: Counter, agent: Visitor
) -> None:
    head = village.sign_in("0901", "head")
    number = asked(agent, by="张秀兰", contact="13800001234", question="低保怎么申请", item_no="001", told="带户口簿")
    (line,) = csv_rows(head.open("/consultations.csv"))[1:]
    assert line[0] == number and line[2:] == ["最低生活保障审核确认", "王芳", "已答复"]
    assert "张" not in str(line) and "低保怎么" not in str(line)
    assert len(csv_rows(head.open("/consultations.csv?state=open"))) == 1
    business = county.sign_in("1304", "business", name="孙丽")
    given = {"decide_level": "township", "review_level": "", "budget_county_days": "", "budget_township_days": "5"}
    changed = form(network, "001", do="publish", reason="权力下放", note="庆政发〔2026〕9号", **given)
    assert business.send("/catalogue/001", changed).status_code == 303
    (version,) = csv_rows(business.open("/catalogue.csv"))[1:]
    assert version[:3] == ["001", "最低生活保障审核确认", "2"] and version[7] == "权力下放"
    (change,) = csv_rows(business.open("/items/register.csv?what=down"))[1:]
    assert change[0] == "下放" and change[3:5] == ["县级", "乡镇"] and change[7] == "庆政发〔2026〕9号"
    assert len(csv_rows(business.open("/items/register.csv?what=in"))) == 1
    assert county.visitor().open("/items/register").text.count(".csv") == 0, "residents take nothing away"
