"""The form of what people write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.clock import START_NS
from yett.admin.checks import (
    NS,
    TAGS_MAX,
    TEXT_MAX,
    check_credential,
    check_header,
    check_name,
    check_notes,
    check_tags,
    check_text,
    check_url,
    expiry_ns,
    show_moment,
)
from yett.admin.errors import Invalid


@pytest.mark.parametrize("name", ["a", "0", "time-1.2_x", "a" * 63])
def test_a_name_that_stands_in_a_url_as_it_is_is_fine(name: str) -> None:
    assert check_name("server", name) == name


@pytest.mark.parametrize(
    "name",
    ["", "A", "a/b", "a b", ".", "..", ".a", "-a", "a" * 64, "a\n", "ä", "a%2f", "01234567-89ab-4def-8123-456789abcdef"],
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is no name for a server"):
        check_name("server", name)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/mcp", "https://api.example/mcp?key=1", "https://[::1]/"])
def test_an_absolute_web_address_is_fine(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.example/mcp", "ftp://x/", "file:///etc/passwd", "https://", "https://u:p@x/", "https://u@x/", "https://x/#f"),
        *("https://x /", "https://x\\@y/", "https://x/\n", "https://x:0/", "https://x:99999/", "https://x:a/", "https://[::1/"),
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url)


@pytest.mark.parametrize("reference", ["env:GITHUB_TOKEN", "env:_x", "file:/run/secrets/token"])
def test_a_reference_to_a_credential_is_fine(reference: str) -> None:
    assert check_credential(reference) == reference


@pytest.mark.parametrize(
    "reference", ["", "sk-live-123", "env:", "env:A B", "env:A=b", "file:token", "file:", "file:/a\0b", "ENV:A"]
)
def test_anything_else_is_refused_without_being_repeated(reference: str) -> None:
    with pytest.raises(Invalid) as error:
        check_credential(reference)
    assert reference in {"", "env:", "file:"} or reference not in str(error.value)


def test_a_credential_goes_in_any_field_that_the_gateway_does_not_write() -> None:
    assert check_header("X-Api-Key", "") == ("x-api-key", "")
    assert check_header("Authorization", "Bearer") == ("authorization", "Bearer")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("Host", ""),
        ("content-LENGTH", ""),
        ("Mcp-Session-Id", ""),
        ("a b", ""),
        ("a\r\nb", ""),
        ("", ""),
        ("x", "a b"),
        ("x", "a\n"),
    ],
)
def test_a_field_that_would_break_the_request_is_refused(name: str, scheme: str) -> None:
    with pytest.raises(Invalid):
        check_header(name, scheme)


def test_one_character_or_tag_too_many_is_refused() -> None:
    check_text("it", "a" * TEXT_MAX)
    check_tags({f"k{n}": "v" for n in range(TAGS_MAX)})
    with pytest.raises(Invalid, match="longer than 256"):
        check_text("it", "a" * (TEXT_MAX + 1))
    with pytest.raises(Invalid, match="at most 32 tags"):
        check_tags({f"k{n}": "v" for n in range(TAGS_MAX + 1)})
    with pytest.raises(Invalid, match="the tag `k`"):
        check_tags({"k": "\x1b[2J"})


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\U000e0041", "\n", "\x9b"])
def test_what_hides_or_turns_text_is_refused_in_what_people_write(hidden: str) -> None:
    with pytest.raises(Invalid, match="control character"):
        check_text("the label", f"ci{hidden}", "/label")
    if hidden != "\n":
        with pytest.raises(Invalid, match="control character"):
            check_notes(f"ci{hidden}")
    check_text("the label", "שלום, ci 🚀", "/label")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", "2026-01-01T00:01:30Z"),
        ("90m", "2026-01-01T01:30:00Z"),
        ("12h", "2026-01-01T12:00:00Z"),
        ("30d", "2026-01-31T00:00:00Z"),
        ("2w", "2026-01-15T00:00:00Z"),
        ("2026-01-01", "2026-01-02T00:00:00Z"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00Z"),
        ("2026-06-01T12:00:00+02:00", "2026-06-01T10:00:00Z"),
    ],
)
def test_an_expiry_is_a_duration_a_day_or_a_moment(text: str, moment: str) -> None:
    assert show_moment(expiry_ns(text, START_NS)) == moment
    assert expiry_ns(text, START_NS) == int(datetime.fromisoformat(moment).astimezone(UTC).timestamp()) * NS


@pytest.mark.parametrize(
    "text", ["", "0d", "-1d", "1", "1y", "1.5h", "d", "soon", "2026-13-01", "2026-06-01T12:00:00", "9999-12-31", "9999999d"]
)
def test_an_unreadable_expiry_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no expiry"):
        expiry_ns(text, START_NS)


@pytest.mark.parametrize("text", ["2025-12-31", "2026-01-01T00:00:00Z"])
def test_an_expiry_that_has_passed_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="has passed"):
        expiry_ns(text, START_NS)


@pytest.mark.parametrize("text", ["9999-12-30", "999999w", "2262-04-12T00:00:00Z"])
def test_an_expiry_that_no_database_holds_is_refused(text: str) -> None:
    assert expiry_ns("2262-04-10", START_NS) > 0
    with pytest.raises(Invalid, match="too far ahead"):
        expiry_ns(text, START_NS)
