"""Rules that keep the house easy to find one's way in. Exceptions stand in pyproject.toml, may shrink and may not grow."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FILE_LINES_MAX: Final = 350
FUNCTION_LINES_MAX: Final = 35
"""Without the docstring."""

_HOSTS: Final = re.compile(r"py[p]i[.]org|pythonhoste[d][.]org|registry[.]npmj[s][.]org|deb[.]debia[n][.]org|\"resolved\":")
_MACHINE_PATHS: Final = re.compile(r"(^|[^A-Za-z0-9_.])/(wor[k]|far[m])/")
_UNFINISHED: Final = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")


@cache
def tracked(*suffixes: str) -> tuple[Path, ...]:
    """Tracked and new files, so that a file is checked before it is committed; without a repository, every file of the tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes))


def text_of(path: Path) -> str | None:
    """The text of a file; None for binary files."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def exceptions(kind: str) -> dict[str, Any]:
    """One table of `[tool.yett-tidy]`."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        config: dict[str, Any] = tomllib.load(file)["tool"]["yett-tidy"][kind]
    return config


def hold_to_exceptions(found: dict[str, int], kind: str, advice: str) -> None:
    """Exactly the listed exceptions are found, each with exactly the number that is listed."""
    known = exceptions(kind)
    new = [f"{name}: {lines}" for name, lines in sorted(found.items()) if known.get(name, 0) < lines]
    shrunk = [f"{name}: {found.get(name, 0)}, not {lines}" for name, lines in sorted(known.items()) if found.get(name, 0) < lines]
    assert not new, "\n".join([advice, *new])
    assert not shrunk, "\n".join([f"shorter now; say so in [tool.yett-tidy.{kind}]", *shrunk])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each function as `Class.function` with its number of lines, docstring not counted."""
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        prefix, node = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                pending.append((f"{prefix}{child.name}.", child))
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{prefix}{child.name}", _lines(child)
                pending.append((f"{prefix}{child.name}.", child))
            else:
                pending.append((prefix, child))


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    docstring = ast.get_docstring(function) is not None
    uncounted = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - uncounted


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        name_of(path): lines
        for path in tracked(".py", ".mjs")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    }
    hold_to_exceptions(long, "long_files", f"over {FILE_LINES_MAX} lines; split it where it bends")


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name_of(path)}:{function}": lines
        for path in tracked(".py")
        for function, lines in functions(ast.parse(path.read_text(encoding="utf-8")))
        if lines > FUNCTION_LINES_MAX
    }
    hold_to_exceptions(long, "long_functions", f"over {FUNCTION_LINES_MAX} lines; divide it")


def test_nothing_is_marked_as_unfinished() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py", ".md", ".toml", ".mjs", ".lua")
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if _UNFINISHED.search(line)
    ]
    assert not found


def test_every_silenced_finding_gives_its_reason() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in tracked(".py")
        for number, comment in comments(path.read_text(encoding="utf-8"))
        if silenced_without_reason(comment)
    ]
    assert not found, "say after the code why this is right here: # noqa: BLE001 - reason"


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Line number and text of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def silenced_without_reason(comment: str) -> bool:
    """Whether a `type: ignore` or `noqa` has no words after its codes."""
    return bool(re.fullmatch(r"#\s*(type:\s*ignore(\[[\w, -]+\])?|noqa(:\s*[A-Z0-9, ]+)?)\s*", comment))


def test_every_module_is_tested_by_its_package_or_says_where() -> None:
    untested = set()
    for path in tracked(".py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[:2] == ("src", "yett") and path.name not in {"__init__.py", "__main__.py"} and not is_tested(parts[2:]):
            untested.add(name_of(path))
    excused = exceptions("modules_without_test").keys()
    assert untested <= excused, "\n".join(["test it, or say in pyproject.toml which test covers it", *sorted(untested - excused)])
    assert excused <= untested, "\n".join(["tested now; take it off the list", *sorted(excused - untested)])


def is_tested(module: tuple[str, ...]) -> bool:
    """Whether a module has a test file of its name, or a test of its package imports it."""
    *package, name = module
    folder = ROOT.joinpath("tests", *package)
    named = [*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")]
    dotted = re.compile(
        rf"^\s*(from yett\.{'.'.join(module)} import|from yett\.{'.'.join(package)} import .*\b{name}\b)", re.MULTILINE
    )
    return bool(named) or any(dotted.search(test.read_text(encoding="utf-8")) for test in folder.glob("**/*.py"))


def test_no_tracked_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in tracked()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if _HOSTS.search(line) or _MACHINE_PATHS.search(line)
    ]
    assert not found


def test_the_lock_file_with_addresses_stays_out_of_the_repository() -> None:
    assert not [path for path in tracked() if path.name == "uv.lock"]


@pytest.mark.parametrize("path", tracked(".md"), ids=name_of)
def test_a_document_has_one_title(path: Path) -> None:
    outside_code = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", outside_code, flags=re.MULTILINE)) == 1
