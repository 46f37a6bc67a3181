"""How a page looks, measured in a browser: letters, targets, contrast, width, structure.

In both prints, at the desk and on a small phone, and in both languages at one visit."""

from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, ViewportSize

from village_node.web.site import DISPLAY_COOKIE

SMALL = ViewportSize(width=360, height=740)

# Every visible text and its size in CSS pixels.
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.right < 0) continue;
    const drawn = element.getScreenCTM?.()?.a ?? 1;  // letters of a chart are as large as it is drawn
    const size = parseFloat(getComputedStyle(element).fontSize) * drawn;
    found.push([size, walker.currentNode.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""

# Everything that is pressed or typed into, with the smaller of its height and width; of a box to tick, the label that
# belongs to it counts.
TARGETS = """() => [...document.querySelectorAll(
    'button, summary, select, textarea, input:not([type=hidden]),' +
    'a.btn, a.door, .doors a, .papers-of a, a.tool, .tabs a, a.row-link'
  )].filter(each => each.checkVisibility() && each.getBoundingClientRect().width > 0)
  .map(each => [(each.closest('label.check') || each).getBoundingClientRect(), each.outerHTML.slice(0, 90)])
  .map(([box, html]) => [Math.min(box.height, box.width), html])"""

# Words of up to twelve letters that begin on one line and end on the next: longer ones may have to, and addresses.
CUT_WORDS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!/[A-Za-z]{2}/.test(node.data) || !node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest('.number, code, pre')) continue;
    range.selectNodeContents(node);
    if (range.getClientRects().length < 2) continue;
    const words = /(?<![\\w./@])[A-Za-z]{2,12}(?!\\w|[./@]\\w)/g;
    for (const word of node.data.matchAll(words)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(each => Math.round(each.top)));
      if (lines.size > 1) found.push(`${word[0]} in ${node.parentElement.outerHTML.slice(0, 90)}`);
    }
  }
  return found;
}"""

# The contrast of two colours as WCAG 2.1 has it, and the colour that is behind an element.
COLOURS = """
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map((each) => each / 255)
      .map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [a, b] = [one, other].map(light).sort((left, right) => right - left);
    return (a + 0.05) / (b + 0.05);
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return colour === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : colour;
  };
"""
# Of each text the contrast to what is behind it (1.4.3), and what it says.
CONTRASTS = f"""() => {{{COLOURS}
  return [...document.querySelectorAll('body *')].filter((each) => [...each.childNodes].some(
    (node) => node.nodeType === 3 && node.textContent.trim())).map((each) =>
    [contrast(getComputedStyle(each).color, behind(each)), each.textContent.trim().slice(0, 40)]);
}}"""

# All that is measured of a page as it stands, in one question: each one asked costs more than its answer.
AS_IT_STANDS = f"""() => {{
  const style = getComputedStyle(document.body);
  const fields = document.querySelectorAll('input:not([type=hidden]):not([hidden]), select, textarea');
  return {{
    texts: ({TEXTS})(),
    targets: ({TARGETS})(),
    headings: document.querySelectorAll('h1').length,
    title: document.title,
    unnamed: [...fields].filter(each => !each.labels?.length && !each.ariaLabel).map(each => each.outerHTML),
    line_height: parseFloat(style.lineHeight) / parseFloat(style.fontSize),
    empty: document.querySelector('.empty') !== null && document.querySelector('.list tbody tr') === null,
  }};
}}"""

# The page in large print and in the usual one. `begins`: where its heading begins; `field`: where the first field ends;
# `sends`: where the first button of a form ends.
BOTH_PRINTS = f"""() => {{
  const root = document.documentElement, before = root.classList.contains('big');
  const edge = (of, which) => {{
    const found = [...document.querySelectorAll(of)].find(each => each.checkVisibility());
    return found ? found.getBoundingClientRect()[which] + scrollY : null;
  }};
  const least = (of) => of.sort((a, b) => a[0] - b[0]).slice(0, 8);  // the rest costs more to tell than to measure
  const found = [true, false].map((large) => {{
    root.classList.toggle('big', large);
    return {{
      large,
      language: root.lang,
      window: [innerWidth, innerHeight],
      content: root.scrollWidth,
      texts: least(({TEXTS})()),
      targets: least(({TARGETS})()),
      cut: ({CUT_WORDS})(),
      begins: edge('h1', 'top'),
      field: edge('main :is(input:not([type=hidden]), select, textarea)', 'bottom'),
      sends: edge('main form .btn', 'bottom'),
    }};
  }});
  root.classList.toggle('big', before);
  return found;
}}"""

# What makes one page of another that was asked for anew: a heading, and the same fields.
FIELDS = "of => [...of.querySelectorAll('main :is(input, select, textarea)[name]')].map(each => each.name).join()"

# The page that stands is asked for once more, in the language of the cookie, and takes its place for as long as it is
# measured: as scripts show it, and unfolded as the first is. False: what came is another page.
TAKE_ITS_PLACE = f"""async (asked) => {{
  const answer = await fetch(location.href, {{...asked, redirect: 'follow'}});
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!page.querySelector('main h1') || ({FIELDS})(page) !== ({FIELDS})(document)) return false;
  for (const each of page.querySelectorAll('noscript')) each.remove();
  for (const each of page.querySelectorAll('[data-frame], [data-sync], [data-print]')) each.hidden = false;
  const opened = [...document.querySelectorAll('details')].map(each => each.open);
  [...page.querySelectorAll('details')].forEach((each, at) => {{ each.open = opened[at]; }});
  window.before = [document.body, document.documentElement.lang];
  document.documentElement.lang = page.documentElement.lang;
  document.body = page.body;
  return true;
}}"""
BACK_IN_ITS_PLACE = """() => { [document.body, document.documentElement.lang] = window.before; }"""

# CSS pixels of the smallest letters, of a target both ways, and of the smallest letters in large print. A village has
# what residents have: 18 pt, 60 pixels, 30 pt (MIIT 2021 on ageing, GB/T 37668-2019); a screen has 96 pixels to 72 pt.
VILLAGERS, OFFICES = (24, 59.9, 40), (18, 43.9, 24)

AXE = Axe()
VIOLATIONS = {"resultTypes": ["violations"]}  # what is in order need not be told node by node


@dataclass(frozen=True)
class Drawn:
    """A page as it is drawn in one print, language and window. `begins`: how far from its top the heading begins;
    `field`, `sends`: how far the first field ends, and the first button of a form; None: there is none. `cut`: words
    that are torn apart; `texts`, `targets`: the eight smallest."""

    large: bool
    language: str
    window: list[int]
    content: int
    texts: list[tuple[float, str]]
    targets: list[tuple[float, str]]
    cut: list[str]
    begins: float
    field: float | None
    sends: float | None

    @property
    def where(self) -> str:
        """Which of a page's drawings this is, for the words of a failure."""
        return f"{self.language}, {'large' if self.large else 'usual'} print, {self.window[0]} pixels"


@dataclass
class Measured:
    """What was measured on one page. `drawn`: in each print and window, in Chinese and, where it was asked for, in
    English; `contrasts`: of its English texts."""

    path: str
    address: str
    least: tuple[float, float, float]
    violations: list[tuple[str, list[str]]]
    texts: list[tuple[float, str]]
    targets: list[tuple[float, str]]
    headings: int
    title: str
    unnamed: list[str]
    line_height: float
    empty: bool
    face: str
    drawn: list[Drawn]
    contrasts: list[tuple[float, str]]

    @property
    def widths(self) -> list[tuple[int, int]]:
        """How wide its content and its window were each time it was drawn."""
        return [(each.content, each.window[0]) for each in self.drawn]


def measure(
    path: str, page: Page, least: tuple[float, float, float] = VILLAGERS, asked: Request | None = None
) -> Measured:
    """Measure the page that a window shows, as it is and in large print. `least`: the sizes it must have; `asked`: what
    the window asked for it with, so that it is measured in English as well."""
    found = AXE.run(page, options=VIOLATIONS).response["violations"]
    face, stands, at_desk = page.evaluate(
        f"() => [document.documentElement.className, ({AS_IT_STANDS})(), ({BOTH_PRINTS})()]"
    )
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size(SMALL)
    drawn = [*at_desk, *page.evaluate(BOTH_PRINTS)]
    contrasts: list[tuple[float, str]] = []
    if asked is None:
        page.set_viewport_size(before)
    else:
        english, contrasts = _in_english(page, asked, before)
        drawn += english
    return Measured(
        path=path,
        address=page.url,
        least=least,
        violations=[(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in found],
        face=face.split()[0],
        drawn=[Drawn(**each) for each in drawn],
        contrasts=contrasts,
        **stands,
    )


def _in_english(page: Page, asked: Request, before: ViewportSize) -> tuple[list[Any], list[Any]]:
    """The same page in English: as it is drawn, and its contrasts. Nothing, where another page comes of asking anew."""
    same: dict[str, Any] = {"method": asked.method}
    if asked.post_data is not None:
        same |= {"body": asked.post_data, "headers": {"Content-Type": asked.headers["content-type"]}}
    _speak(page, "en")
    try:
        if not page.evaluate(TAKE_ITS_PLACE, same):
            page.set_viewport_size(before)
            return [], []
        drawn, contrasts = page.evaluate(
            f"() => [({BOTH_PRINTS})(), ({CONTRASTS})().sort((a, b) => a[0] - b[0]).slice(0, 8)]"
        )
        page.set_viewport_size(before)
        drawn += page.evaluate(BOTH_PRINTS)
        page.evaluate(BACK_IN_ITS_PLACE)
    finally:
        _speak(page, "zh")
    return drawn, contrasts


def _speak(page: Page, language: str) -> None:
    page.context.add_cookies([{"name": DISPLAY_COOKIE, "value": f"{language}.", "domain": "127.0.0.1", "path": "/"}])
