"""`yett server edit`."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal

URL = "http://127.0.0.1:9/mcp"


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    terminal.ok("server", "add", "shop", "--url", URL, "--credential", "env:SHOP")
    return terminal


def test_what_is_said_changes(shop: Terminal) -> None:
    done = shop.ok("server", "edit", "shop", "--name", "store", "--notes", "two\nlines", "--url", f"{URL}/v2")
    assert done.out == "the server `store` is edited\n"
    assert "note: clients reach it at http://127.0.0.1:8700/mcp/store from now on" in done.err
    shown = shop.ok("server", "show", "store", "--json").json
    assert (shown["notes"], shown["url"], shown["credential"]) == ("two\nlines", f"{URL}/v2", "env:SHOP")
    assert shop.run("server", "show", "shop").status == 3


def test_another_origin_has_the_credential_given_again(shop: Terminal) -> None:
    done = shop.ok("server", "edit", "shop", "--url", "http://127.0.0.2:9/mcp")
    assert "note: its credential was dropped, since its url leads to another origin; give it again" in done.err
    assert shop.ok("server", "show", "shop", "--json").json["credential"] is None


def test_a_revision_that_is_not_the_present_one_is_refused(shop: Terminal) -> None:
    seen = shop.ok("server", "show", "shop", "--json").json["revision"]
    assert seen in shop.ok("server", "show", "shop").out
    shop.ok("server", "edit", "shop", "--notes", "one", "--revision", seen)
    done = shop.run("server", "edit", "shop", "--notes", "two", "--revision", seen)
    assert (done.status, "was changed meanwhile" in done.err) == (3, True)


def test_an_empty_credential_is_none(shop: Terminal) -> None:
    shop.ok("server", "edit", "shop", "--credential", "")
    assert shop.ok("server", "show", "shop", "--json").json["credential"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shop"], "say what is to change"),
        (["shop", "--url", "ftp://x"], "is no address of a server"),
        (["shop", "--transport", "pipe"], "'pipe' is not one of"),
        (["shop", "--command", "time"], "this server is at a url"),
        (["shop", "--url", "http://10.0.0.1/mcp"], "a private address (10.0.0.1), so it is not asked"),
    ],
)
def test_what_cannot_be_is_told_with_status_2(shop: Terminal, words: list[str], message: str) -> None:
    done = shop.run("server", "edit", *words)
    assert (done.status, message in done.err) == (2, True), done.err
