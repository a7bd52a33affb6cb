"""`yett webhook`."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal

URL = "https://hooks.example/yett"


def test_a_webhook_is_added_listed_resumed_and_removed(terminal: Terminal) -> None:
    assert "nobody is told" in terminal.ok("webhook", "list").err + terminal.ok("webhook", "list").out
    added = terminal.ok("webhook", "add", URL, "--severity", "high", "--kind", "grade", "--json").json
    assert added["secret"].startswith("whsec_")
    (listed,) = terminal.ok("webhook", "list", "--json").json
    assert listed == added["webhook"]
    assert (listed["severity"], listed["kinds"]) == ("High", ["grade"])
    assert URL in terminal.ok("webhook", "list").out
    assert "is told from" in terminal.ok("webhook", "resume", listed["id"]).out
    assert "nothing more" in terminal.ok("webhook", "remove", listed["id"]).out
    assert terminal.ok("webhook", "list", "--json").json == []


def test_the_secret_is_printed_once_for_people_too(terminal: Terminal) -> None:
    assert "whsec_" in terminal.ok("webhook", "add", URL).out
    assert "whsec_" not in terminal.ok("webhook", "list").out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("add", "nonsense"), 2, "`nonsense` is no address"),
        (("add", URL, "--after", "x"), 2, "`after` is not the `cursor` of a page"),
        (("add", URL, "--kind", "moved"), 2, "moved"),
        (("remove", "none"), 3, "there is no webhook `none`"),
        (("resume", "none"), 3, "there is no webhook `none`"),
    ],
)
def test_what_no_webhook_can_be_is_told(terminal: Terminal, words: tuple[str, ...], status: int, message: str) -> None:
    done = terminal.run("webhook", *words)
    assert (done.status, message in done.err) == (status, True), done.err
