"""`host_in`: one host for every reader, or no judgement."""

from __future__ import annotations

import pytest

from yett.policy.errors import LiteralError
from yett.policy.network import HOST_CHARS_MAX, HostSet, host_of

HOSTS = HostSet.parse(
    [
        *("example.com", "*.example.org", "localhost", "127.0.0.1", "::1", "[2001:db8::1]", "Bücher.example", "xn--fa-hia.de"),
        *("a_b.test", "*.xn--p1ai", "r3---sn.test"),
    ]
)

INSIDE = [
    "https://example.com/a",
    "https://example.com",
    "http://example.com?q",
    "http://example.com#f",
    "hTTpS://EXAMPLE.com:8443/",
    "https://example.com:/",
    "https://example.com:0/",
    "https://example.com:65535/",
    "https://example.com./a",
    "https://example.com。/",
    "https://ｅｘａｍｐｌｅ.com/",
    "https://example。com/",
    "https://exa\u00admple.com/",
    "https://example.com/@evil.net",
    "https://example.com?@evil.net",
    "https://example.com/a%20b?x=é#ü",
    "http://a.b.example.org/",
    "http://x.example.org./",
    "http://localhost:3000/",
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://[::1]/",
    "http://[::1]:8080/",
    "http://[2001:db8::1]/",
    "http://[::ffff:127.0.0.1]/",
    "https://bücher.example/",
    "https://BÜCHER.example/",
    "https://bu\u0308cher.example/",
    "https://xn--bcher-kva.example/",
    "https://XN--BCHER-KVA.example/",
    "https://faß.de/",
    "http://a_b.test/",
    "http://r3---sn.test/",
    "http://президент.рф/",
]

OUTSIDE = [
    "https://example.com.evil.net/",
    "https://evilexample.com/",
    "https://evil.net#example.com",
    "https://evil.net?example.com",
    "https://evil.net/example.com",
    "https://example.org/",
    "https://xexample.org/",
    "https://127.0.0.2/",
    "http://[::2]/",
    "http://[::ffff:127.0.0.2]/",
    "https://fass.de/",
    "https://bucher.example/",
    "https://рф/",
    "https://exаmple.com/",  # a Cyrillic letter
    "https://rn.example.com/",
    "https://1.example.com/",
    "https://1e3.net/",
]

DOUBTFUL = [
    "",
    "example.com",
    "//example.com/",
    "/example.com",
    "https:example.com",
    "https:/example.com/",
    "http:/\\evil.net",
    "https:///example.com/",
    "https:\\\\example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript://example.com/%0aalert(1)",
    "ws://example.com/",
    "blob:https://example.com/x",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/a b",
    "https://example.com/\u00a0",
    "https://example.com/\u2028",
    "https://example.com/\u3000",
    "https://exam\tple.com/",
    "ht\ntps://example.com/",
    "https://example.com\r\nHost: evil",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://example.com/\x85",
    "https://user@example.com/",
    "https://user:pw@example.com/",
    "https://@example.com/",
    "https://example.com@evil.net/",
    "https://example.com:80@evil.net/",
    "https://evil.net\\@example.com/",
    "https://evil.net\\.example.com/",
    "https://example.com\\",
    "https://example.com/a\\b",
    "https://example%2ecom/",
    "https://%65xample.com/",
    "https://example.com%00.evil.net/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:8x/",
    "https://example.com:٨٠/",
    "https://example.com:80:80/",
    "https://example.com:000080/",
    "https://:80/",
    "https://./",
    "https://../",
    "https://.example.com/",
    "https://example..com/",
    "https://example.com../",
    "https://*.example.org/",
    "https://exam!ple.com/",
    "https://example.com;evil.net/",
    "https://example.com,evil.net/",
    "https://example.com|evil.net/",
    "https://exam$ple.com/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 127 + "com/",
    "https://" + "ü" * 2_000 + ".com/",
    "https://xn--/",
    "https://xn--a/",
    "https://xn--example-/",
    "https://xn--ａ.com/",
    "https://☃.net/",
    "https://\u200d.com/",
    "https://\u2a74com/",
    "https://evil.com\uff0fexample.com/",
    "https://exam\ud800ple.com/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1.1/",
    "http://256.0.0.1/",
    "http://1.2.3/",
    "http://0/",
    "http://example.1/",
    "http://example.0x/",
    "http://example.0x1f/",
    "http://１２７.0.0.1/",
    "http://127。0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://[::1/",
    "http://::1/",
    "http://[]/",
    "http://[127.0.0.1]/",
    "http://[::1].example.com/",
    "http://[::1]x/",
    "http://[::1]:x/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::01]/",
    "http://[2001:DB8::1]/",
    "http://[2001:db8:0:0::1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::FFFF:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[[::1]]/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_a_url_whose_host_is_listed_is_inside(url: str) -> None:
    assert HOSTS.judge(url) is True


@pytest.mark.parametrize("url", OUTSIDE)
def test_a_url_of_another_host_is_outside(url: str) -> None:
    assert HOSTS.judge(url) is False


@pytest.mark.parametrize("url", DOUBTFUL, ids=ascii)
def test_a_url_that_readers_may_take_differently_is_not_judged(url: str) -> None:
    assert HOSTS.judge(url) is None


def test_a_domain_pattern_covers_every_depth_below_it_and_not_the_domain_itself() -> None:
    below = HostSet.parse(["*.example.com"])
    assert below.judge("https://a.b.c.example.com/") is True
    assert below.judge("https://example.com/") is False


@pytest.mark.parametrize(
    "literal",
    [
        *(
            "",
            "*",
            "*.",
            "*.*.com",
            "a.*.com",
            "*a.com",
            "http://example.com",
            "example.com/a",
            "example.com:80",
            "[::1]:80",
            "user@x",
        ),
        *(
            "a b",
            "1.2.3",
            "0x7f.1",
            "127.1",
            "2001:db8:0:0::1",
            "*.127.0.0.1",
            "*.::1",
            "exa%6dple.com",
            "..",
            "a..b",
            "☃.net",
            "[x]",
        ),
    ],
)
def test_a_literal_that_is_no_host_is_refused_with_its_place(literal: str) -> None:
    with pytest.raises(LiteralError) as caught:
        HostSet.parse(["example.com", literal])
    assert caught.value.index == 1
    assert f"`{literal}`" in str(caught.value)


def test_a_literal_counts_in_the_form_in_which_hosts_are_compared() -> None:
    hosts = HostSet.parse(["EXAMPLE.Com.", "*.BÜCHER.example", "::ffff:10.0.0.1"])
    assert hosts.judge("http://example.com/") is True
    assert hosts.judge("http://a.xn--bcher-kva.example/") is True
    assert hosts.judge("http://10.0.0.1/") is True


@pytest.mark.parametrize(
    ("literal", "remedy"),
    [("example.com:80", "leave the port out"), ("https://a.b", "write the host alone"), ("a.*.b", "`*` stands only in front")],
)
def test_the_refusal_of_a_literal_says_what_to_write(literal: str, remedy: str) -> None:
    with pytest.raises(LiteralError, match=remedy.replace("*", r"\*")):
        HostSet.parse([literal])


def test_a_long_url_takes_no_longer_than_reading_it() -> None:
    assert HOSTS.judge("https://example.com/" + "a" * 1_000_000) is True
    assert HOSTS.judge("https://" + "a" * 1_000_000) is None
    assert HOSTS.judge("https://" + "ä." * 500_000) is None


def test_a_host_of_a_character_too_much_is_not_judged() -> None:
    dropped = "\u00ad" * (HOST_CHARS_MAX - len("example.com"))
    assert HOSTS.judge(f"https://{dropped}example.com/") is True
    assert HOSTS.judge(f"https://{dropped}\u00adexample.com/") is None


def test_the_host_is_the_text_that_goes_into_dns() -> None:
    assert host_of("https://Bücher.Example.:443/x") == "xn--bcher-kva.example"
