"""`yett policy diff|restore|publish|unpublish`."""

from __future__ import annotations

import json

import pytest

from tests.cli.terminal import Terminal

DENY = {"version": "1", "default": "deny"}
LIMIT = {"counter": "day", "window": "day", "max": 10, "scope": "grant"}


@pytest.fixture
def written(terminal: Terminal) -> Terminal:
    """A policy of two revisions."""
    for maximum in (10, 20):
        save(terminal, {**DENY, "tools": {"pay": {"limits": [{**LIMIT, "max": maximum}]}}}, "-m", f"up to {maximum}")
    return terminal


def save(terminal: Terminal, document: object, *words: str) -> str:
    (terminal.directory / "p.json").write_text(json.dumps(document))
    return terminal.ok("policy", "set", "p", "p.json", *words).out


def test_what_differs_is_named_by_rule_and_shown_line_by_line(written: Terminal) -> None:
    out = written.ok("policy", "diff", "p").out
    assert out.startswith("~ /tools/pay/limits/day\n\n--- 1-")
    assert '"max": 10' in out
    assert '"max": 20' in out
    assert "+ /tools/pay\n" in written.ok("policy", "diff", "p", "0", "1").out
    assert written.ok("policy", "diff", "p", "2", "2").err == "the two say the same\n"
    found = written.ok("policy", "diff", "p", "1", "2", "--json").json
    assert [(change["kind"], change["path"]) for change in found["changes"]] == [("changed", "/tools/pay/limits/day")]
    assert written.run("policy", "diff", "p", "1", "9").status == 3


def test_a_short_value_is_shown_as_it_was_and_is(terminal: Terminal) -> None:
    save(terminal, DENY)
    save(terminal, {**DENY, "default": "allow"})
    assert terminal.ok("policy", "diff", "p").out.startswith('~ /default: "deny" -> "allow"\n')


def test_an_old_text_is_restored_and_a_revision_published(written: Terminal) -> None:
    assert written.ok("policy", "restore", "p", "1").out == "the policy `p` has the text of revision 1 as revision 3\n"
    assert written.ok("policy", "restore", "p", "2", "--draft").out.endswith("as revision 4, a draft\n")
    assert "(draft 4)" in written.ok("policy", "list").out
    assert written.ok("policy", "publish", "p").out.startswith("the policy `p` judges by revision 4-")
    assert written.ok("policy", "publish", "p").out == "the policy `p` does so already\n"
    history = written.ok("policy", "show", "p", "--history").out.splitlines()
    assert "published" in history[1]
    assert "restores revision 2" in history[1]
    assert "published" not in history[2]


def test_a_draft_is_saved_and_judges_nothing(terminal: Terminal) -> None:
    assert save(terminal, DENY, "--draft") == "the policy `p` is saved as a draft, revision 1\n"
    assert "(draft)" in terminal.ok("policy", "list").out
    assert terminal.ok("policy", "unpublish", "p").out == "the policy `p` is a draft already\n"
    terminal.ok("policy", "publish", "p", "1")
    assert terminal.ok("policy", "unpublish", "p").out == "the policy `p` judges no more; it is a draft\n"


def test_a_policy_in_use_is_unpublished_by_force_only(written: Terminal) -> None:
    written.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    written.ok("grant", "mint", "--server", "shop", "--policy", "p", "--label", "ci")
    refused = written.run("policy", "unpublish", "p")
    assert refused.status == 3
    assert "live grants have the policy `p`" in refused.err
    assert "1 live grant has it: every call of theirs is denied" in written.ok("policy", "unpublish", "p", "--force").err


def test_a_save_that_is_behind_is_refused_with_who_was_faster(written: Terminal) -> None:
    refused = written.run("policy", "set", "p", "p.json", "--base", "1", "--json")
    assert (refused.status, refused.error["code"]) == (3, "conflict")
    assert "was changed meanwhile: local:" in refused.error["message"]


def test_warnings_of_the_linter_are_told_and_nothing_is_refused(terminal: Terminal) -> None:
    (terminal.directory / "p.json").write_text('{"version":"1","default":"allow"}')
    done = terminal.ok("policy", "set", "p", "p.json")
    assert "warning: /default: " in done.err
    assert "[default-allow]" in done.err
    assert terminal.ok("policy", "set", "p", "p.json", "--json").json["warnings"][0]["code"] == "default-allow"
