"""`yett apply` and `yett export`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from yett.gateway.tokens import is_well_formed


@pytest.fixture
def documents(terminal: Terminal) -> Path:
    """A directory with one document of each kind, in YAML and JSON."""
    directory = terminal.directory / "docs"
    (directory / "deep").mkdir(parents=True)
    (directory / "server.yaml").write_text("kind: server\nname: shop\nurl: http://127.0.0.1:9/mcp\n")
    (directory / "deep" / "policy.yml").write_text("kind: policy\nname: strict\ndocument:\n  version: '1'\n  default: deny\n")
    grant = {"kind": "grant", "server": "shop", "label": "team/ci", "policy": "strict"}
    (directory / "grant.json").write_text(json.dumps(grant))
    (directory / "notes.txt").write_text("not a document")
    return directory


def test_a_directory_is_planned_then_applied(terminal: Terminal, documents: Path) -> None:
    planned = terminal.run("apply", "-f", documents, "--dry-run")
    assert planned.status == 1, "something differs"
    assert all(name in planned.out for name in ("shop", "strict", "shop/team/ci"))
    assert terminal.ok("server", "list", "--json").json == []
    done = terminal.ok("apply", "-f", documents, "--yes", "--json").json
    assert [step["name"] for step in done["steps"]] == ["shop", "strict", "shop/team/ci"]
    assert is_well_formed(done["tokens"][0]["token"])
    assert terminal.ok("apply", "-f", documents, "--dry-run").status == 0
    assert "nothing differs" in terminal.ok("apply", "-f", documents).out + terminal.ok("apply", "-f", documents).err


def test_without_anybody_to_ask_nothing_is_changed(terminal: Terminal, documents: Path) -> None:
    done = terminal.run("apply", "-f", documents)
    assert (done.status, "say `--yes`" in done.err) == (3, True)
    assert terminal.ok("server", "list", "--json").json == []


def test_tokens_go_to_a_file_that_only_its_owner_reads(terminal: Terminal, documents: Path) -> None:
    path = terminal.directory / "tokens.json"
    done = terminal.ok("apply", "-f", documents, "--yes", "--tokens", path)
    tokens = json.loads(path.read_text())
    assert list(tokens) == ["shop/team/ci"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens["shop/team/ci"] not in done.out + done.err
    (documents / "grant.json").write_text(json.dumps({"kind": "grant", "server": "shop", "label": "other"}))
    again = terminal.run("apply", "-f", documents, "--yes", "--tokens", path)
    assert (again.status, "exists already" in again.err) == (3, True)


def test_what_is_exported_is_found_unchanged(terminal: Terminal, documents: Path) -> None:
    terminal.ok("apply", "-f", documents, "--yes")
    out = terminal.directory / "out"
    assert "3 documents below" in terminal.ok("export", out).out
    assert {str(path.relative_to(out)) for path in out.rglob("*.json")} == {
        "servers/shop.json",
        "policies/strict.json",
        "grants/shop/team_ci.json",
    }
    assert terminal.ok("apply", "-f", out, "--dry-run", "--prune").status == 0
    again = terminal.run("export", out)
    assert (again.status, "is not empty" in again.err) == (3, True)
    assert len(terminal.ok("export", "--json").json["documents"]) == 3


def test_labels_that_would_have_one_file_name_have_two_files(terminal: Terminal, documents: Path) -> None:
    terminal.ok("apply", "-f", documents, "--yes")
    for label in ("a/b", "a:b", "a?b"):
        terminal.ok("grant", "mint", "--server", "shop", "--label", label)
    out = terminal.directory / "out"
    terminal.ok("export", out)
    assert len([*(out / "grants" / "shop").glob("a_b*.json")]) == 3
    assert terminal.ok("apply", "-f", out, "--dry-run", "--prune").status == 0


def test_drift_is_told_and_pruned_if_that_is_said(terminal: Terminal, documents: Path) -> None:
    terminal.ok("apply", "-f", documents, "--yes")
    terminal.ok("server", "add", "other", "--url", "http://127.0.0.1:9/mcp")
    drift = terminal.run("apply", "-f", documents, "--dry-run")
    assert (drift.status, "no document names it" in drift.out, "--prune" in drift.err) == (1, True, True)
    terminal.ok("apply", "-f", documents, "--yes", "--prune")
    assert [server["name"] for server in terminal.ok("server", "list", "--json").json] == ["shop"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "not readable as JSON"),
        ("a.yaml", "kind: [", "not readable as YAML"),
        ("a.json", "[]", "an object with a `kind`"),
        ("a.json", '{"kind": "sever"}', "`kind` must be one of `server`, `policy`, `grant`, not `sever`"),
        ("a.json", '{"kind": "server", "name": "x", "ulr": "http://x/"}', "unknown key `ulr`, did you mean `url`?"),
        ("a.json", '{"kind": "server"}', "name"),
        ("a.json", '{"kind": "server", "name": 1}', "name"),
        ("a.json", '{"kind": "policy", "name": "x", "document": {"version": "1", "defualt": "deny"}}', "`/defualt`"),
    ],
)
def test_every_file_that_is_wrong_is_named(terminal: Terminal, documents: Path, name: str, text: str, message: str) -> None:
    (documents / name).write_text(text)
    (documents / "b.json").write_text("null")
    done = terminal.run("apply", "-f", documents, "--yes")
    assert done.status == 1
    assert done.err.startswith("error: 2 files are not usable\n  ")
    assert f"  {name}: " in done.err
    assert "  b.json: " in done.err
    assert message in done.err
    assert terminal.ok("server", "list", "--json").json == []


def test_a_directory_without_documents_is_told(terminal: Terminal) -> None:
    (terminal.directory / "empty").mkdir()
    assert "holds no document" in terminal.run("apply", "-f", terminal.directory / "empty").err
    assert "there is no directory" in terminal.run("apply", "-f", terminal.directory / "none").err
    assert "name a directory, or say --json" in terminal.run("export").err


def test_the_mode_of_pins_is_applied_exported_and_checked(terminal: Terminal, documents: Path) -> None:
    (documents / "server.yaml").write_text("kind: server\nname: shop\nurl: http://127.0.0.1:9/mcp\npins: grave\n")
    terminal.ok("apply", "-f", documents, "--yes")
    assert terminal.ok("server", "pins", "shop", "--json").json["mode"] == "grave"
    out = terminal.directory / "out"
    terminal.ok("export", out)
    assert json.loads((out / "servers" / "shop.json").read_text())["pins"] == "grave"
    terminal.ok("server", "pins", "mode", "shop", "off")
    drift = terminal.run("apply", "-f", out, "--dry-run", "--json")
    assert (drift.status, [step["after"] for step in drift.json["steps"]]) == (1, [{"pins": "grave"}])
    (documents / "server.yaml").write_text("kind: server\nname: shop\nurl: http://127.0.0.1:9/mcp\npins: lax\n")
    refused = terminal.run("apply", "-f", documents, "--yes")
    assert (refused.status, "server.yaml" in refused.err, "lax" in refused.err) == (1, True, True)
