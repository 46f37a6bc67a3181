"""Going back to a page that the browser has kept as it was, and staying on one whose form has given a file."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser.conftest import ARGUMENTS, Hall, open_hall
from tests.builders import VILLAGE
from tests.village_node.web.counter import APPLICATION, PASSWORD

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Playwright turns this off, and Chromium itself where there is little memory.
KEEPS = ["--enable-features=BackForwardCache", "--disable-features=BackForwardCacheMemoryControls"]
KEPT = "addEventListener('pageshow', shown => { if (shown.persisted) document.documentElement.dataset.kept = 'yes' })"


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium that keeps pages is installed")
    ignored = ["--disable-back-forward-cache"]
    browser = chromium.browser_type.launch(
        executable_path=path, args=[*ARGUMENTS, *KEEPS], ignore_default_args=ignored, headless=True
    )
    with open_hall(browser) as opened:
        yield opened
    browser.close()


def keepable(app: "WSGIApplication") -> "WSGIApplication":
    """Pages that may be kept: with a cookie this Chromium keeps none that is not to be stored; other browsers do."""

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            return start(status, [each for each in headers if each[0] != "Cache-Control"], *more)

        return app(environ, begin)

    return answer


def back(page: Page) -> None:
    """Back to the page before, which was kept as it was."""
    page.go_back(wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-kept", "yes")


@pytest.mark.slow
def test_a_search_that_was_sent_is_sent_once_more_after_going_back(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    app = hall.counters[VILLAGE].app
    monkeypatch.setattr(app, "wsgi_app", keepable(app.wsgi_app))
    page = hall.staff(VILLAGE, "0005", "agent")
    page.add_init_script(KEPT)
    page.goto("/work?view=all")
    search = page.get_by_role("search")
    for text in ("李", "李玉"):
        search.get_by_role("textbox").fill(text)
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            search.get_by_role("button", name="筛选").click()
        page.wait_for_url("**/work?*text=*")
        expect(search.get_by_role("textbox")).to_have_value(text)
        back(page)
        assert page.url.endswith("/work?view=all")


@pytest.mark.slow
def test_a_list_is_taken_again_from_the_page_that_asked_for_the_password_but_not_by_a_second_click(hall: Hall) -> None:
    hall.counters[VILLAGE].sign_in("0001", "agent").file()
    page, taken = hall.staff(VILLAGE, "0002", "head"), []

    def came(file: Download) -> None:
        taken.append(file.suggested_filename)

    page.on("download", came)
    page.goto("/work?view=all")
    page.get_by_role("link", name="导出 CSV").click()
    confirm = page.get_by_role("button", name="确认并继续")
    for times in (1, 2):
        page.get_by_label("密码").fill(PASSWORD)
        with page.expect_download():
            confirm.dblclick()
        expect(page.locator("[data-preparing]")).to_have_text("文件已备好，已开始下载。")
        page.wait_for_timeout(1000)
        assert len(taken) == times
        if times == 1:
            page.go_back()
            expect(page.get_by_label("密码")).to_have_value("")
    page.get_by_role("link", name="返回").click()
    expect(page.locator("tbody a.row-link")).to_have_count(1)


@pytest.mark.slow
def test_after_signing_out_nothing_is_shown_by_going_back(hall: Hall) -> None:
    case = hall.counters[VILLAGE].sign_in("0003", "agent").file()
    page = hall.staff(VILLAGE, "0004", "agent")
    page.goto(case)
    shown = page.locator("body").inner_text()
    assert APPLICATION["applicant_name"][0] + "*" in shown
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="退出")).to_have_count(0)
    page.go_back(wait_until="load")
    page.wait_for_timeout(500)
    assert APPLICATION["applicant_name"][0] + "*" not in page.locator("body").inner_text()
