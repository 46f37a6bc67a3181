"""The house rules that can be checked by reading: each rule takes one file and answers with what breaks it."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.architecture.source_tree import SourceFile

Rule = Callable[[SourceFile], Iterator[str]]

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

# Rooms that say what holds them, not what they are.
FORBIDDEN_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}

# Calls that read the clock or draw randomness. Elsewhere both are handed in, so that a test can hold them.
CLOCK_AND_CHANCE = re.compile(
    r"^(?:"
    r"(?:datetime\.)?datetime\.(?:now|utcnow|today)|(?:datetime\.)?date\.today"
    r"|time\.(?:time|monotonic|perf_counter|process_time|localtime|gmtime)(?:_ns)?"
    r"|os\.(?:urandom|getrandom)|uuid\.uuid[14]"
    r"|random\.\w+|secrets\.\w+"
    r")$"
)
CLOCK_OWNERS = re.compile(
    r"^(?:\w+_node/app\.py|village_node/identity(?:\.py|/.*)|sync_protocol/suites(?:\.py|/.*)"
    r"|center_node/demo(?:\.py|/.*))$"  # the demonstration is a person at a keyboard: it waits and looks at the time
)
ENVIRONMENT_OWNERS = re.compile(
    r"^(?:\w+_node/config(?:\.py|/.*)"
    r"|center_node/demo(?:\.py|/.*))$"  # it starts other programs, and keeps settings of another node from them
)
PRINTERS = re.compile(r"^\w+_node/(?:__main__|cli|verify_evidence|demo)(?:\.py|/.*)$")
OUTERMOST_LOOP = re.compile(r"^\w+_node/scheduler\.py$")

# Written in pieces, so that this file keeps its own rule.
POSTPONED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.}*-])/(?:wo" + r"rk|fa" + r"rm|ro" + r"ot|ho" + r"me|tm" + r"p)/\w|\.\./sha" + r"red\b"
)

# Written by their numbers, so that one can see which they are: Chinese characters, and the signs that stand among them.
VALUE = "\u3007"
FIRST_LETTER = re.compile("[a-zA-Z\u3400-\u9fff]")
_AMONG = "[\u3007\u3400-\u9fff\u201c\u201d\u300a\u300b\uff08\uff09\uff0c\u3002\uff1a\uff1b\uff1f\uff01\u3001]"
HALF_WIDTH = re.compile(f"(?<={_AMONG})[,;:!?()]|[,;:!?()](?={_AMONG})")

THIRD_PARTY_ASSET = re.compile(r"[.-]min\.(?:js|css)$|\.(?:woff2?|ttf|otf|eot|map)$|(?:^|/)(?:vendor|node_modules)/")
LONGEST_ASSET_LINE = 500  # characters; nobody writes a longer one by hand

IN_TEMPLATES = {
    r"\|\s*safe\b": "`|safe` lets a resident's text become markup; build markup in a macro instead",
    r"autoescape\s+false": "escaping is never switched off",
    r"<script(?![^>]*\bsrc=)": "an inline <script> is refused by our own content policy; put it in static/",
    r"<style\b": "an inline <style> is refused by our own content policy; put it in static/",
    r"<[^>{%]*\sstyle=": "a style attribute is refused by our own content policy; use a class",
    r"<[^>{%]*\son[a-z]+=": "an on... attribute is refused by our own content policy; use a listener in static/",
    r"(?:src|href|action)=[\"']?(?:https?:)?//": "no request leaves the node; link to a file of ours",
}


def starts_with_a_docstring(file: SourceFile) -> Iterator[str]:
    """A file starts with a sentence saying what lives in it."""
    if file.is_python and not ast.get_docstring(file.tree):
        yield f"{file.path}: start with a docstring that says what lives here"


def keeps_its_size(file: SourceFile) -> Iterator[str]:
    """A file has at most 400 lines of code, a function at most 60."""
    if not file.is_python or not _may_be_too_long(file):
        return
    if len(file.code_lines) > MAX_FILE_LINES:
        yield f"{file.path}: {len(file.code_lines)} lines of code, at most {MAX_FILE_LINES}; split it by nouns"
    for function, lines in file.functions():
        if lines > MAX_FUNCTION_LINES:
            yield f"{file.path}:{function.lineno}: {function.name} has {lines} lines, at most {MAX_FUNCTION_LINES}"


def _may_be_too_long(file: SourceFile) -> bool:
    """With its comments, blank lines and docstrings: counting what is code takes longer than all other rules."""
    long = (node for node in ast.walk(file.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return file.text.count("\n") > MAX_FILE_LINES or any(
        (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES for node in long
    )


def has_a_name_of_its_own(file: SourceFile) -> Iterator[str]:
    """No file and no folder is named for holding odds and ends."""
    for part in file.path.split("/"):
        if part.partition(".")[0] in FORBIDDEN_NAMES:
            yield f"{file.path}: {part} names no noun; put each thing where its owner lives"


def catches_only_what_it_knows(file: SourceFile) -> Iterator[str]:
    """A blind except hides a lost case; only the scheduler's outermost loop has one: a bad tick ends no other.

    One that ends by raising again hides nothing.
    """
    if not file.is_python:
        return
    blind = [
        node
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & _names(node.type))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]
    allowed = 1 if OUTERMOST_LOOP.match(file.path) else 0
    for handler in blind[allowed:]:
        yield f"{file.path}:{handler.lineno}: name the errors this can mend; a blind except hides the others"


def is_handed_clock_and_chance(file: SourceFile) -> Iterator[str]:
    """Only the wiring reads the clock; only identity and suites draw randomness."""
    if not file.is_python or not file.is_shipped or CLOCK_OWNERS.match(file.path):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and CLOCK_AND_CHANCE.match(ast.unparse(node)):
            yield f"{file.path}:{node.lineno}: {ast.unparse(node)}: take the time or the chance as an argument"
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "random", "secrets"}:
            drawn = [name.name for name in node.names if CLOCK_AND_CHANCE.match(f"{node.module}.{name.name}")]
            if drawn:
                yield f"{file.path}:{node.lineno}: from {node.module} import {', '.join(drawn)}: take it as an argument"


def leaves_the_environment_alone(file: SourceFile) -> Iterator[str]:
    """Only the configuration reads the environment."""
    if not file.is_python or not file.is_shipped or ENVIRONMENT_OWNERS.match(file.path):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}:
            yield f"{file.path}:{node.lineno}: {ast.unparse(node)}: ask the configuration"


def does_not_print(file: SourceFile) -> Iterator[str]:
    """A node speaks through its pages and its log; only a command line and the demonstration print."""
    if not file.is_python or not file.is_shipped or PRINTERS.match(file.path):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield f"{file.path}:{node.lineno}: print: log it, or return it to the command line"


def never_sleeps(file: SourceFile) -> Iterator[str]:
    """A test waits for the thing itself (an event, a reply, a line of output), never for time to pass.

    A benchmark is no test: it lets a real network come to rest before it measures.
    """
    if not file.is_python or file.package != "tests" or file.path.startswith("tests/benchmarks/"):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}:
            yield f"{file.path}:{node.lineno}: {ast.unparse(node.func)}: wait for what should happen"


def postpones_nothing(file: SourceFile) -> Iterator[str]:
    """A note to do it some other day belongs in the issues."""
    for number, line in enumerate(file.text.splitlines(), start=1):
        if POSTPONED.search(line):
            yield f"{file.path}:{number}: do it now, or open an issue"


def knows_no_machine(file: SourceFile) -> Iterator[str]:
    """No path of the machine it was written on: nobody else has it."""
    for number, line in enumerate(file.text.splitlines(), start=1):
        if MACHINE_PATH.search(line):
            yield f"{file.path}:{number}: a path of one machine"


def is_our_own(file: SourceFile) -> Iterator[str]:
    """Third-party scripts, styles and fonts come from packages; none is committed."""
    if THIRD_PARTY_ASSET.search(file.path):
        yield f"{file.path}: looks like somebody else's file; serve it from the package that carries it"
    if file.path.endswith((".js", ".css")) and any(len(line) > LONGEST_ASSET_LINE for line in file.text.splitlines()):
        yield f"{file.path}: looks minified; commit what a person wrote"


def keeps_templates_strict(file: SourceFile) -> Iterator[str]:
    """Templates hold no script, style or address of another host, and escape everything."""
    if not file.is_template:
        return
    for pattern, advice in IN_TEMPLATES.items():
        for match in re.finditer(pattern, file.text, re.IGNORECASE):
            yield f"{file.path}:{file.text.count(chr(10), 0, match.start()) + 1}: {advice}"


def punctuates_chinese_in_full_width(file: SourceFile) -> Iterator[str]:
    """What people read in Chinese has the commas, colons and brackets of Chinese, in words and templates alike."""
    if not file.is_shipped:
        return
    if file.is_template:
        found = list(enumerate(file.text.splitlines(), start=1))
    else:
        found = list(_sentences(file.tree)) if file.is_python else []
    for number, text in found:
        if HALF_WIDTH.search(text):
            yield f"{file.path}:{number}: full-width punctuation in {text.strip()[:60]!r}"


def _sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings that begin in Chinese, up to the English that may stand behind a slash, with a sign of Chinese for
    each value put in; no docstrings."""
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            text = node.value
        else:
            continue
        first = FIRST_LETTER.search(text)
        if first is not None and not first[0].isascii():
            yield node.lineno, text.partition(" / ")[0]


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


RULES: tuple[Rule, ...] = (
    starts_with_a_docstring,
    keeps_its_size,
    has_a_name_of_its_own,
    catches_only_what_it_knows,
    is_handed_clock_and_chance,
    leaves_the_environment_alone,
    does_not_print,
    never_sleeps,
    postpones_nothing,
    knows_no_machine,
    is_our_own,
    keeps_templates_strict,
    punctuates_chinese_in_full_width,
)
