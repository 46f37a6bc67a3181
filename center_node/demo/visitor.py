"""A visitor of the pages: follows links and fills in forms over HTTP as a person's browser without JavaScript would."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar

PAGE_BYTES_MAX = 4 << 20
TIMEOUT_S = 60.0


class NotThere(Exception):
    """The page does not have what the visitor was to use; the text names the page and what was looked for."""


@dataclass
class Form:
    """One form as it stands on the page: where it goes, and the value of each of its fields."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    options: set[tuple[str, str]] = field(default_factory=set)  # what can be chosen: field and value


class _Reader(HTMLParser):
    """Collects forms, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self._textarea = ""
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "button" or (tag == "input" and given.get("type") in ("submit", "image")):
            if name:
                form.buttons.append((name, given.get("value", "")))
            return
        if tag == "option" and self._select:
            form.options.add((self._select, given.get("value", "")))
            if "selected" in given or all(pair[0] != self._select for pair in form.fields):
                form.fields = [pair for pair in form.fields if pair[0] != self._select]
                form.fields.append((self._select, given.get("value", "")))
            return
        if not name:
            return
        form.names.add(name)
        if given.get("type") in ("checkbox", "radio"):
            form.options.add((name, given.get("value", "on")))
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea = name
            form.fields.append((name, ""))
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.fields.append((name, given.get("value", "on" if given.get("type") == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden -= 1
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form is not None:
            self._form.fields[-1] = (self._textarea, self._form.fields[-1][1] + data)
        elif not self._hidden and data.strip():
            self.text.append(data.strip())


@dataclass
class Page:
    """A page as the visitor reads it."""

    url: str
    status: int
    text: str
    forms: list[Form]
    links: list[str]

    def form(self, action_ends: str) -> Form:
        """The form whose address ends so. Raises NotThere."""
        for form in self.forms:
            if urllib.parse.urlsplit(form.action or self.url).path.endswith(action_ends):
                return form
        raise NotThere(f"{self.url}: no form for {action_ends!r} (status {self.status}): {self.text[:300]}")

    def link(self, part: str) -> str:
        """The first link whose address contains `part`. Raises NotThere."""
        for link in self.links:
            if part in link:
                return link
        raise NotThere(f"{self.url}: no link with {part!r}: {self.text[:300]}")


class Visitor:
    """One person at one browser: keeps cookies, one node's address, and the page in front of them."""

    def __init__(self, base_url: str) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        self.page = Page(base_url, 0, "", [], [])

    def open(self, address: str) -> Page:
        """Follow an address (absolute, or relative to the page in front)."""
        return self._fetch(urllib.request.Request(urllib.parse.urljoin(self.page.url, address)))

    def submit(self, form: Form, values: Mapping[str, str | list[str]], press: tuple[str, str] | None = None) -> Page:
        """Fill in a form and send it. Raises NotThere when it has no field of a given name."""
        missing = [name for name in values if name not in form.names]
        if missing:
            has = ", ".join(sorted(form.names))
            raise NotThere(f"{self.page.url}: the form for {form.action!r} has no field {missing[0]!r}; it has {has}")
        pairs = [pair for pair in form.fields if pair[0] not in values]
        for name, value in values.items():
            pairs += [(name, each) for each in (value if isinstance(value, list) else [value])]
        if press is not None:
            pairs.append(press)
        address = urllib.parse.urljoin(self.page.url, form.action)
        body = urllib.parse.urlencode(pairs)
        if form.method == "get":
            return self._fetch(urllib.request.Request(f"{address.split('?')[0]}?{body}"))
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(address))
        return self._fetch(
            urllib.request.Request(address, body.encode(), {"Origin": origin, "Sec-Fetch-Site": "same-origin"})
        )

    def _fetch(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                url, status, raw = answer.geturl(), answer.status, answer.read(PAGE_BYTES_MAX)
        except urllib.error.HTTPError as answer:
            url, status, raw = answer.geturl() or request.full_url, answer.code, answer.read(PAGE_BYTES_MAX)
        reader = _Reader()
        reader.feed(raw.decode("utf-8", "replace"))
        self.page = Page(url, status, " ".join(reader.text), reader.forms, reader.links)
        return self.page
