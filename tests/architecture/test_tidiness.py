"""The house rules hold in the whole tree, and each rule catches a planted break of itself."""

import gc

import pytest

from tests.architecture import tidiness
from tests.architecture.source_tree import SourceFile, read_tree
from tests.architecture.tidiness import RULES, Rule

DOC = '"""What lives here."""\n'
LONG_FUNCTION = "def long() -> None:\n" + "    call()\n" * 61
LONG_FILE = "call()\n" * 401
LONG_TABLE = "TABLE = {\n" + "    'a': 1,\n" * 500 + "}\n"
LONG_DOCSTRING = "def documented() -> None:\n    '''One.\n" + "\n    More.\n" * 60 + "    '''\n"

# (rule, path, text) of files that break exactly that rule.
PLANTED = [
    (tidiness.starts_with_a_docstring, "village_node/casebook.py", "import ast\n"),
    (tidiness.keeps_its_size, "village_node/casebook.py", DOC + LONG_FUNCTION),
    (tidiness.keeps_its_size, "village_node/casebook.py", DOC + LONG_FILE),
    (tidiness.keeps_its_size, "village_node/casebook.py", DOC + "TABLE = [\n" + "    (lambda: 1),\n" * 401 + "]\n"),
    (tidiness.has_a_name_of_its_own, "village_node/utils.py", DOC),
    (tidiness.has_a_name_of_its_own, "tests/helpers/builders.py", DOC),
    (
        tidiness.catches_only_what_it_knows,
        "village_node/uplink.py",
        DOC + "try:\n    f()\nexcept Exception:\n    g()\n",
    ),
    (tidiness.catches_only_what_it_knows, "tests/test_a.py", DOC + "try:\n    f()\nexcept:\n    g()\n"),
    (
        tidiness.catches_only_what_it_knows,
        "village_node/scheduler.py",
        DOC + "try:\n    f()\nexcept Exception:\n    g()\ntry:\n    f()\nexcept (OSError, Exception):\n    g()\n",
    ),
    (tidiness.is_handed_clock_and_chance, "village_node/casebook.py", DOC + "now = datetime.now(UTC)\n"),
    (tidiness.is_handed_clock_and_chance, "village_node/casebook.py", DOC + "now = datetime.datetime.now(UTC)\n"),
    (tidiness.is_handed_clock_and_chance, "village_node/uplink.py", DOC + "started = time.monotonic()\n"),
    (tidiness.is_handed_clock_and_chance, "village_node/uplink.py", DOC + "from time import monotonic\n"),
    (tidiness.is_handed_clock_and_chance, "sync_protocol/event.py", DOC + "salt = os.urandom(16)\n"),
    (tidiness.is_handed_clock_and_chance, "village_node/web/sessions.py", DOC + "name = secrets.token_hex(8)\n"),
    (tidiness.leaves_the_environment_alone, "village_node/app.py", DOC + "place = os.environ['PLACE']\n"),
    (tidiness.does_not_print, "village_node/uplink.py", DOC + "print('sent')\n"),
    (tidiness.never_sleeps, "tests/journeys/test_a.py", DOC + "time.sleep(1)\n"),
    (tidiness.postpones_nothing, "sync_protocol/PROTOCOL.md", "TO" + "DO: vectors\n"),
    (tidiness.knows_no_machine, "README.md", "see /wo" + "rk/main/README.md\n"),
    (tidiness.knows_no_machine, "tests/test_a.py", DOC + 'READ = "../sha' + 'red/data/regions.csv"\n'),
    (tidiness.is_our_own, "village_node/web/static/htmx.min.js", "x\n"),
    (tidiness.is_our_own, "village_node/web/static/font.woff2", ""),
    (tidiness.is_our_own, "village_node/web/static/page.js", "x" * 501),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", "{{ note | safe }}"),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", "{% autoescape false %}"),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", "<script>f()</script>"),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", "<style>p {}</style>"),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", '<p style="color:red">'),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", '<a onclick="f()">'),
    (tidiness.keeps_templates_strict, "village_node/web/templates/a.html", '<script src="https://a.example/a.js">'),
]

PLANTED += [
    (tidiness.punctuates_chinese_in_full_width, path, text)
    for path, text in (
        ("village_node/web/words.py", DOC + "WORDS = '未保存,请重试'\n"),
        ("village_node/web/words.py", DOC + "words = f'无法读取({cause})'\n"),
        ("village_node/web/words.py", DOC + "words = f'还差{count}:请补齐'\n"),
        ("sync_protocol/case/numbers.py", DOC + "raise NumberError('日期(年月日)')\n"),
        ("village_node/web/templates/a.html", "<p>{{ t('请先保存,再离开', 'save first') }}</p>"),
    )
]

# Files that look like a break and are none.
SOUND = [
    ("village_node/casebook.py", DOC + LONG_TABLE),
    ("village_node/casebook.py", DOC + LONG_DOCSTRING),
    ("village_node/casebook.py", DOC + "# why\n\n" * 500),
    ("village_node/scheduler.py", DOC + "try:\n    f()\nexcept Exception:\n    g()\n"),
    ("village_node/uplink.py", DOC + "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n"),
    ("village_node/app.py", DOC + "now = datetime.now(UTC)\n"),
    ("village_node/config.py", DOC + "place = os.environ['PLACE']\n"),
    ("village_node/cli.py", DOC + "print('sent')\n"),
    ("tests/benchmarks/live.py", DOC + "time.sleep(1)\n"),
    ("village_node/web/templates/a.html", '<script src="/static/page.js" defer></script><p class="on">{{ note }}</p>'),
    ("village_node/web/words.py", DOC + "WORDS = ('未保存，请重试', 'not saved, try again (soon)')\n"),
    ("village_node/web/finder.py", DOC + "words = 'Sanji (三级): the node'\n"),
    ("village_node/web/times.py", DOC + "def short() -> str:\n    '''今天, or the day.'''\n    return f'今天 {h}'\n"),
    (
        "village_node/web/templates/a.html",
        "<p>{{ t('（本单位）', ' (here)') }}：{{ name }}, {{ t('共', 'in all') }}</p>",
    ),
    ("docker/compose.yaml", "volumes: [/data, /tmp]\n"),
]


def complaints(rule: Rule, files: list[SourceFile]) -> list[str]:
    return [complaint for file in files for complaint in rule(file)]


@pytest.fixture(scope="module")
def tree() -> list[SourceFile]:
    """Parsed at once: the collector, which looks through all trees again and again, takes twice as long as the rest."""
    files = read_tree()
    gc.disable()
    parsed = [file.tree for file in files if file.is_python]
    gc.freeze()
    gc.enable()
    assert parsed
    return files


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_whole_tree_keeps_the_rule(rule: Rule, tree: list[SourceFile]) -> None:
    assert complaints(rule, tree) == []


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_break_is_caught_by_its_rule_and_by_no_other(rule: Rule, path: str, text: str) -> None:
    file = SourceFile(path, text)
    assert [broken.__name__ for broken in RULES if complaints(broken, [file])] == [rule.__name__]


@pytest.mark.parametrize(("path", "text"), SOUND)
def test_what_only_looks_like_a_break_is_left_alone(path: str, text: str) -> None:
    assert [complaint for rule in RULES for complaint in rule(SourceFile(path, text))] == []


def test_every_rule_has_a_planted_break() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


def test_the_tree_that_is_read_is_the_project(tree: list[SourceFile]) -> None:
    paths = {file.path for file in tree}
    assert {"pyproject.toml", "sync_protocol/__init__.py", "center_node/__init__.py", "tests/conftest.py"} <= paths
    assert not [path for path in paths if "__pycache__" in path or path.startswith(".venv/")]
