"""What names a server: addresses, packages with and without their registry, names."""

from __future__ import annotations

import pytest

from yett.precheck.naming import NAMED_MAX, NotNamed, named, program_of
from yett.scan.model import Package


@pytest.mark.parametrize(
    ("text", "kind", "package", "name"),
    [
        ("npm:@scope/a-server", "package", Package("npm", "@scope/a-server"), "a-server"),
        ("npm:a-server@1.2.3", "package", Package("npm", "a-server", "1.2.3"), "a-server"),
        ("@scope/a-server@2.0.0", "package", Package("npm", "@scope/a-server", "2.0.0"), "a-server"),
        ("pypi:mcp-server-time", "package", Package("pypi", "mcp-server-time"), "mcp-server-time"),
        ("pypi:mcp-server-time==1.0", "package", Package("pypi", "mcp-server-time", "1.0"), "mcp-server-time"),
        ("docker:ghcr.io/a/b", "package", Package("image", "ghcr.io/a/b"), "b"),
        ("mcp/github", "package", Package("image", "mcp/github"), "github"),
    ],
)
def test_a_package_is_named_with_its_registry(text: str, kind: str, package: Package, name: str) -> None:
    found = named(text)
    (only,) = found.candidates
    assert (found.kind, only.package, only.name) == (kind, package, name)
    assert only.file is None


def test_a_bare_name_may_be_of_several_registries() -> None:
    found = named("a-server")
    assert found.kind == "name"
    assert {one.package.kind for one in found.candidates if one.package} == {"npm", "pypi"}


def test_an_address_is_named_by_its_host_and_shows_no_path() -> None:
    (only,) = named("HTTPS://mcp.example.com/mcp?key=secret-value").candidates
    assert (only.name, only.shown, only.host) == ("mcp.example.com", "https://mcp.example.com", "mcp.example.com")
    assert "secret-value" not in repr(only)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 2,000 characters"),
        ("x" * (NAMED_MAX + 1), "1 to 2,000 characters"),
        ("a b", "holds a blank"),
        ("a\x1b[2J", "control character"),
        ("a\u202eb", "not shown"),
        ("ftp://host/", "no scheme of a server"),
        ("https://", "has no host"),
        ("https://[::1", "cannot be read"),
        ("npm:", "no name of a package"),
        ("npm:-y", "no name of a package"),
        ("npm:../evil", "no name of a package"),
        ("pypi:a;b", "no name of a package"),
        ("!!", "no name of a package, and no url"),
    ],
)
def test_what_names_no_server_is_told(text: str, why: str) -> None:
    with pytest.raises(NotNamed, match=why):
        named(text)


def test_a_server_of_which_only_the_name_is_known_has_nothing_against_it() -> None:
    assert program_of("shop", ()).notes == ()
