"""What importing a part of Yett brings along: the contracts of pyproject.toml, seen in a running interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = ["asyncio", "socket", "_socket", "ssl", "sqlite3", "apsw", "subprocess", "threading", "selectors", "logging"]
PURE = ["yett.errors", "yett.quota", "yett.policy", "yett.protocol", "yett.audit", "yett.ports", "yett.lab"]
CONTROL_PLANE = {"fastapi", "starlette", "uvicorn", "pydantic", "sqlalchemy", "alembic", "mcp", "mcp_types", "httpx2"}
SOURCE = Path(__file__).parents[1] / "src" / "yett"


def run_python(code: str) -> str:
    """The output of `code` in a fresh interpreter, which must succeed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after `code`."""
    report = "import json, sys; print(); print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    return set(json.loads(run_python(f"{code}\n{report}").splitlines()[-1]))


def modules_of(package: str) -> list[str]:
    """Every module of a package or module of Yett."""
    relative = Path(*package.split(".")[1:])
    if (SOURCE / relative).with_suffix(".py").exists():
        return [package]
    paths = sorted((SOURCE / relative).rglob("*.py"))
    return [".".join(("yett", *path.relative_to(SOURCE).with_suffix("").parts)) for path in paths if path.stem != "__init__"]


@pytest.mark.parametrize("package", PURE)
def test_the_core_works_where_loops_sockets_and_databases_cannot_be_imported(package: str) -> None:
    names = modules_of(package)
    assert names
    own = [name for name in names if name != "yett.policy.yaml_text"]  # ruamel.yaml itself imports what is blocked
    code = f"""
import importlib, importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {BLOCKED!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked")

for name in {BLOCKED!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocked())
for name in {own!r}:
    importlib.import_module(name)
"""
    run_python(code)


@pytest.mark.parametrize("module", ["yett.edge", "yett.gateway", "yett.upstreams", "yett.app.data_plane", "yett.app.local"])
def test_the_data_plane_loads_no_part_of_the_control_plane(module: str) -> None:
    names = modules_of(module)
    assert names
    assert not loaded_by("\n".join(f"import {name}" for name in names)) & CONTROL_PLANE


def test_asking_for_help_loads_neither_tables_nor_servers() -> None:
    loaded = loaded_by(
        "import sys; sys.argv = ['yett', '--help']\nfrom yett.cli.main import main\ntry: main()\nexcept SystemExit: pass"
    )
    assert not loaded & (CONTROL_PLANE | {"rich", "apsw", "asyncio", "uvloop", "sqlglot", "ruamel"})
