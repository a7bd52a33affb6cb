"""`path_within`, and the one text of a resource URI."""

from __future__ import annotations

import pytest

from yett.policy.errors import LiteralError
from yett.policy.locations import DirectorySet, is_normal_uri, resolve_path

DATA = DirectorySet.parse(["/srv/data", "/home/a/../b/"])


@pytest.mark.parametrize(
    "path",
    [
        *("/srv/data", "/srv/data/", "/srv/data/a", "/srv/data/a/../b", "/srv/./data//a", "//srv/data/a", "/x/../srv/data"),
        *(
            "/../../srv/data/a",
            "/srv/data/..a",
            "/srv/data/a..",
            "/srv/data/...",
            "/home/b/x",
            "/srv/data/a\nb",
            "/srv/data/\\..\\x",
        ),
    ],
)
def test_a_path_below_a_directory_is_within(path: str) -> None:
    assert DATA.judge(path) is True


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/srv",
        "/srv/database",
        "/srv/data/..",
        "/srv/data/../etc/passwd",
        "/srv/data/a/../../x",
        "/home/a",
        "/SRV/data",
        "/srv/data /x",
    ],
)
def test_a_path_elsewhere_is_not_within(path: str) -> None:
    assert DATA.judge(path) is False


@pytest.mark.parametrize(
    "path", ["", "srv/data", "./srv/data", "~/x", "C:\\srv", "file:///srv/data", " /srv/data", "/srv/data/\0", "\0"]
)
def test_a_text_that_is_no_absolute_path_is_not_judged(path: str) -> None:
    assert DATA.judge(path) is None


def test_the_root_holds_every_path() -> None:
    assert DirectorySet.parse(["/"]).judge("/../etc") is True


@pytest.mark.parametrize("literal", ["", "srv", "~", "/srv\0"])
def test_a_literal_that_is_no_absolute_directory_is_refused_with_its_place(literal: str) -> None:
    with pytest.raises(LiteralError, match="absolute") as caught:
        DirectorySet.parse(["/srv", literal])
    assert caught.value.index == 1


def test_resolving_twice_changes_nothing() -> None:
    for path in ["/", "/a", "/a/../b/./c//", "/../.."]:
        once = resolve_path(path)
        assert once is not None
        assert resolve_path(once) == once


NORMAL = [
    "project://1",
    "project://MyProject/Board",
    "file:///srv/data/a.txt",
    "file:///srv/data/a%20b",
    "file:///srv/data/%E6%97%A5",
    "https://example.com/a?b=c#d",
    "https://example.com:8443/",
    "https://[2001:db8::1]/",
    "https://b%C3%BCcher.example/",
    "https://User:Pw@example.com/",
    "urn:isbn:0451450523",
    "mailto:a@b.example",
    "note:a",
    "a+b-c.1://x",
    "data:text/plain;base64,SGk=",
    "file:///a/..b/.c/d..",
    "x://h/a%2Fb",
    "x://h?../a",
    "x://h/a//b",
    "x:",
]

NOT_NORMAL = [
    "",
    "/etc/passwd",
    "etc",
    "//host/a",
    ":a",
    "1a:b",
    "File:///a",
    "HTTPS://example.com/",
    "https://Example.com/",
    "https://example.COM:80/",
    "https://u@Example.com/",
    "https://[2001:DB8::1]/",
    "https:example.com",
    "https:///example.com/",
    "http:",
    "file:///a/../b",
    "file:///a/./b",
    "file:///..",
    "file:///.",
    "file:///a/..?x",
    "file:///a/..%2Fb",
    "file:///a%2F..%2Fb",
    "urn:..",
    "file:///%2E%2E/b",
    "file:///a%2e",
    "file:///%41",
    "file:///%7Eme",
    "file:///%c3%a9",
    "file:///%",
    "file:///%4",
    "file:///%zz",
    "file:///a\\b",
    "file:///a%5Cb",
    "file:///a\nb",
    "file:///a%0Ab",
    "file:///a%00",
    "file:///a%7F",
    "file:///a%C2%85",
    "file:///a b",
    "file:///é",
    "file:///a\u202eb",
    "file:///a{b}",
    "file:///a|b",
    "file:///a<b>",
    'file:///a"b',
    "file:///a^b",
    "file:///a`b",
    "file:///a[b]",
    "file:///a#b#c",
    "x://a@b@c/",
    "x://h:8x/",
    "x://a[b/",
    "http://user@HOST:abc/",
    " file:///a",
    "file:///a\n",
]


@pytest.mark.parametrize("uri", NORMAL)
def test_a_uri_in_normal_form_is_taken(uri: str) -> None:
    assert is_normal_uri(uri)


@pytest.mark.parametrize("uri", NOT_NORMAL, ids=ascii)
def test_a_uri_that_has_another_text_for_the_same_resource_is_not_taken(uri: str) -> None:
    assert not is_normal_uri(uri)


def test_every_octet_has_one_normal_text() -> None:
    unreserved = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    taken = {octet for octet in range(256) if is_normal_uri(f"x://h/a%{octet:02X}b")}
    assert taken == {octet for octet in range(0x20, 256) if octet not in unreserved | {0x5C, 0x7F}}
    assert not any(is_normal_uri(f"x://h/a%{octet:02x}b") for octet in range(256) if f"{octet:02x}" != f"{octet:02X}")


def test_a_long_uri_takes_no_longer_than_reading_it() -> None:
    assert is_normal_uri("x://h/" + "a/" * 100_000)
    assert not is_normal_uri("x://" + "a" * 200_000 + "[")
    assert not is_normal_uri("x:" + "a@" * 100_000 + "[")
