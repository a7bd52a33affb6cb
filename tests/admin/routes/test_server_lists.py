"""What a server may be, asked over HTTP."""

from __future__ import annotations

from tests.admin.listener import Listener


def test_programs_are_listed_by_name_only(listener: Listener) -> None:
    assert listener.ask("GET", "/api/v1/commands") == (200, {"items": ["time"]})


def test_well_known_servers_are_searched(listener: Listener) -> None:
    status, found = listener.ask("GET", "/api/v1/known-servers?search=git%20repository")
    assert (status, [one["name"] for one in found["items"]]) == (200, ["git"])
    status, problem = listener.ask("GET", f"/api/v1/known-servers?search={'x' * 201}")
    assert (status, problem["errors"][0]["pointer"]) == (422, "/search")


def test_without_a_registry_its_list_says_what_to_set(listener: Listener) -> None:
    status, problem = listener.ask("GET", "/api/v1/registry/servers")
    assert (status, problem["code"]) == (409, "conflict")
    assert "registry.url" in problem["detail"]
