"""`yett stop` and `yett resume`."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from yett.gateway.feed import load_snapshot


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    terminal.ok("grant", "mint", "--server", "shop", "--label", "ci")
    return terminal


def stopped(terminal: Terminal) -> tuple[list[bool], list[bool], list[str]]:
    """As a data plane would read it: of servers, of grants, and of organisations."""
    snapshot = load_snapshot(terminal.directory / "state" / "snapshot.json")
    assert snapshot is not None
    return [one.stopped for one in snapshot.servers], [one.stopped for one in snapshot.grants], snapshot.stopped


def test_a_grant_is_stopped_and_goes_on(shop: Terminal) -> None:
    assert "nothing is stopped" in shop.ok("stop").out + shop.ok("stop").err
    assert shop.ok("stop", "grant", "ci", "--reason", "it loops").out == "the grant `ci` is stopped\n"
    assert stopped(shop) == ([False], [True], [])
    assert "grant" in shop.ok("stop").out
    assert [one["name"] for one in shop.ok("stop", "--json").json] == ["ci"]
    assert shop.ok("resume", "grant", "ci").out == "the grant `ci` goes on\n"
    assert stopped(shop) == ([False], [False], [])


def test_everything_is_stopped_with_one_word(shop: Terminal) -> None:
    assert shop.ok("stop", "everything").out == "every call is stopped\n"
    assert stopped(shop) == ([False], [False], ["*"])
    assert shop.ok("resume", "everything", "--json").json["stopped"] is False
    assert stopped(shop)[2] == []


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("stop", "server"), 2, "name the server"),
        (("stop", "everything", "shop"), 2, "`everything` takes no name"),
        (("stop", "shop"), 2, "'shop' is not one of"),
        (("stop", "server", "none"), 3, "there is no server `none`"),
        (("resume", "server", "shop"), 3, "the server `shop` is not stopped"),
    ],
)
def test_what_cannot_be_stopped_is_told(shop: Terminal, words: tuple[str, ...], status: int, message: str) -> None:
    done = shop.run(*words)
    assert (done.status, message in done.err) == (status, True)
    assert stopped(shop) == ([False], [False], [])
