"""The README says what there is, and nothing that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from redbook_mcp.errors import Code
from redbook_mcp.providers import DEFAULT_MODELS
from redbook_mcp.server import schemas
from redbook_mcp.settings_environment import KNOWN

ROOT = Path(__file__).parents[2]
README = (ROOT / "redbook/README.md").read_text(encoding="utf-8")


def test_every_setting_is_listed_and_no_other() -> None:
    assert set(re.findall(r"REDBOOK_[A-Z_]+", README)) == set(KNOWN)


def test_every_argument_of_every_tool_is_listed() -> None:
    tools = {
        "generate_outline": schemas.generate_outline_input(["x"]),
        "update_outline": schemas.update_outline_input(["x"]),
        "generate_images": schemas.generate_images_input(["x"]),
        "get_project": schemas.GET_PROJECT_INPUT,
        "list_all_projects": schemas.LIST_PROJECTS_INPUT,
    }
    for name, schema in tools.items():
        row = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |")).split("|")[2]
        assert set(re.findall(r"`([a-zA-Z]+)`", row)) - {"missing", "failed", "all", "none", "thumbnail", "full"} == set(
            schema["properties"]
        )
        assert set(re.findall(r"\*\*`([a-zA-Z]+)`\*\*", row)) == set(schema.get("required", []))


def test_every_error_code_is_listed() -> None:
    assert all(f"`{code}`" in README for code in Code)


def test_every_model_is_listed_with_its_provider() -> None:
    for kind, model in DEFAULT_MODELS.items():
        assert re.search(rf"^\| `{kind}` .*`{re.escape(model)}` \|$", README, re.MULTILINE)


def test_pictures_that_it_shows_are_there() -> None:
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / "redbook" / target).resolve().is_file()
