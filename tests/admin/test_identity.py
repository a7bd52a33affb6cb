"""Who servers seem to be: by the list of well-known ones, and by the packages of the catalogue."""

from __future__ import annotations

import pytest

from yett.admin.identity import entry_of, identity_of, known_list, standing_of
from yett.catalog.record import Confidence, Verification
from yett.scan.model import Standing
from yett.site.known import known_packages


@pytest.mark.parametrize(
    ("url", "verification", "confidence"),
    [
        ("https://mcp.stripe.com/", Verification.OFFICIAL, Confidence.VERIFIED),
        ("https://mcp.stripe.com/another", Verification.WELL_KNOWN, Confidence.VERIFIED),
        ("http://mcp.stripe.com/", Verification.UNKNOWN, Confidence.NONE),
        ("https://mcp.stirpe.com/", Verification.IMPOSTOR, Confidence.SUSPECTED),
        ("https://shop.example/mcp", Verification.UNKNOWN, Confidence.NONE),
        ("http://127.0.0.1:9/mcp", Verification.UNKNOWN, Confidence.NONE),
    ],
)
def test_an_address_is_judged_by_its_host(url: str, verification: Verification, confidence: Confidence) -> None:
    found = identity_of(entry_of("x", url=url))
    assert (found.verification, found.confidence) == (verification, confidence)
    assert found.evidence


@pytest.mark.parametrize(
    ("argv", "verification"),
    [
        (("uvx", "mcp-server-time"), Verification.OFFICIAL),
        (("npx", "-y", "mcp-server-time"), Verification.IMPOSTOR),
        (("uvx", "mcp-server-tmie"), Verification.IMPOSTOR),
        (("python", "server.py"), Verification.UNKNOWN),
    ],
)
def test_a_program_is_judged_by_its_package(argv: tuple[str, ...], verification: Verification) -> None:
    assert identity_of(entry_of("x", argv=argv)).verification is verification


def test_what_only_the_catalogue_lists_is_well_known_and_no_more() -> None:
    only = {one.name for one in known_list() if one.url is None and not one.authentication}
    slug, _, package = next(one for one in known_packages() if one[0] in only)
    argv = ("uvx", package.name) if package.ecosystem == "pypi" else ("npx", "-y", package.name)
    found = entry_of("x", argv=argv)
    assert standing_of(found).standing is Standing.KNOWN_HOST
    assert (identity_of(found).verification, identity_of(found).name) == (Verification.WELL_KNOWN, slug)


def test_every_package_of_the_catalogue_is_known_under_its_own_name() -> None:
    for slug, _, package in known_packages():
        argv = ("uvx", package.name) if package.ecosystem == "pypi" else ("npx", "-y", package.name)
        found = identity_of(entry_of("x", argv=argv))
        assert found.verification in {Verification.OFFICIAL, Verification.WELL_KNOWN}, (slug, found)
