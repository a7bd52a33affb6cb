"""What the document of the registry says is what the code says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.docs.test_reference import rows
from yett.admin.routes.registry import ROUTER
from yett.admin.webhook_signing import PAUSES_S
from yett.catalog.grade import FORMULA
from yett.catalog.record import Verification
from yett.catalog.standing import MEANINGS
from yett.precheck.verdict import STALE_DAYS
from yett.registry_server.listing import TOOLS

TEXT: Final = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")


def test_the_formula_of_the_grade_is_published_as_it_is() -> None:
    assert f"```text\n{FORMULA}\n```" in TEXT


def test_every_tool_and_route_stands_there() -> None:
    assert rows("registry.md", "For models") == [tool.name for tool in TOOLS]
    paths = {f"GET /v0{route.path}".replace(":path", "") for route in ROUTER.routes}  # type: ignore[attr-defined]  # APIRoutes
    assert set(rows("registry.md", "The API")) == paths


def test_every_verification_and_meaning_stands_there() -> None:
    assert all(f"| `{one.value}` |" in TEXT for one in Verification)
    assert all(f"`{meaning}`" in TEXT for meaning in MEANINGS)


def test_the_figures_are_those_of_the_code() -> None:
    assert PAUSES_S == (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800), "mend the document, too"
    assert f"({STALE_DAYS} days)" in TEXT
