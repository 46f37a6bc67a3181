"""The project's own files as values: what is read, where it lies, and how its lines are counted."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sync_protocol", "village_node", "township_node", "center_node")
FOLDERS = (*PACKAGES, "tests", "docker", ".ci")
TEXT = {".py", ".md", ".html", ".css", ".js", ".svg", ".csv", ".po", ".toml", ".yaml", ".env", ".mako", ".ini", ""}


@dataclass(frozen=True)
class SourceFile:
    """One file: its path below the root with forward slashes, and its text ("" for what is not text)."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def package(self) -> str:
        """The top folder: one of PACKAGES, `tests`, `docker`, or the file itself at the top."""
        return self.path.partition("/")[0]

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_shipped(self) -> bool:
        return self.package in PACKAGES

    @property
    def is_template(self) -> bool:
        return self.path.endswith(".html")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """Line numbers that hold code: no comment, no blank line, no docstring, no table of data at module level."""
        code: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _NOT_CODE:
                code.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                code.difference_update(_lines(node))
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and not _computes(statement):
                code.difference_update(_lines(statement))
        return frozenset(code)

    def functions(self) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
        """Each function with its number of code lines; a nested function counts for itself and for what holds it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node, len(self.code_lines.intersection(_lines(node)))


_NOT_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _computes(statement: ast.stmt) -> bool:
    """A module-level assignment with a lambda or a comprehension in it is code, whatever it looks like."""
    kinds = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return any(isinstance(node, kinds) for node in ast.walk(statement))


def read_tree(root: Path = ROOT) -> list[SourceFile]:
    """Every file of the project below `root`, sorted by path; what a machine makes again is left out."""
    paths = [path for path in root.iterdir() if path.is_file()]
    for folder in FOLDERS:
        paths.extend(path for path in (root / folder).rglob("*") if path.is_file())
    return [_read(root, path) for path in sorted(paths) if not _is_made_again(path.relative_to(root))]


def _read(root: Path, path: Path) -> SourceFile:
    text = path.read_text(encoding="utf-8") if path.suffix in TEXT else ""
    return SourceFile(path.relative_to(root).as_posix(), text)


def _is_made_again(path: Path) -> bool:
    return (
        "__pycache__" in path.parts
        or path.name == ".git"  # of a worktree: a file that says where its repository lies
        or path.name.startswith(".coverage")
        or path.suffix in {".pyc", ".mo", ".sqlite3"}
    )
