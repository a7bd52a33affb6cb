"""The whole admin API, asked by its own description: no request makes it fail, and every answer is as described."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.admin.every_route import published
from tests.admin.listener import TOKEN
from tests.admin.town import OURS, Town, application, open_town
from tests.support.effort import NIGHTLY, times
from yett.admin.api import PREFIX
from yett.admin.permissions import Role
from yett.admin.remote import whole_path

EXAMPLES: Final = times(20)
CHECKS: Final = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
ROUTES: Final = [*sorted((method, whole_path(path).replace(":path}", "}")) for method, path in published()), ("GET", "/healthz")]


@cache
def operations() -> dict[tuple[str, str], Any]:
    """What the description describes, by method and path."""
    schema = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", application(), headers={"host": "testserver"})
    read: Any = schema.get_all_operations()
    found = [one.ok() for one in read]
    return {(one.method.upper(), one.path): one for one in found}


def test_the_description_has_every_route() -> None:
    assert sorted(operations()) == sorted(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_no_request_makes_it_fail_and_every_answer_is_as_described(tmp_path: Path, route: tuple[str, str]) -> None:
    """Asked as whoever runs it, and as an admin; of what there is, and of anything."""

    with open_town(tmp_path / "town") as town:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=not NIGHTLY,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operations()[route].as_strategy(), real=st.booleans(), operator=st.booleans())
        def ask(case: Any, real: bool, operator: bool) -> None:
            if real:
                case.path_parameters.update(references(town, case.path_parameters))
            town.enter()
            case.call_and_validate(headers=fields(town, operator=operator), checks=CHECKS)

        ask()


def references(town: Town, wanted: Any) -> dict[str, str]:
    refs = town.plan.refs[OURS]
    return {name: refs[name] for name in wanted if name in refs}


def fields(town: Town, *, operator: bool) -> dict[str, str]:
    if operator:
        return {"host": "testserver", "authorization": f"Bearer {TOKEN}"}
    admin = town.person(Role.ADMIN)
    return {"host": "testserver", "cookie": f"yett={admin.cookie}", "yett-csrf": admin.csrf}
