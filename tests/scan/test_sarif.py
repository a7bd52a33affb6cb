"""A scan as SARIF: valid by the published schema, with places that code scanning can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from tests.scan.client_files import CASES
from tests.scan.files import CLAUDE_DESKTOP, CURSOR, SECRETS, WINDSURF
from yett.scan.dialects import format_of
from yett.scan.findings import RULES, Code
from yett.scan.formats import Entry, entries_of
from yett.scan.identity import WellKnown, identify
from yett.scan.judging import judge
from yett.scan.model import Changes, Client, ConfigFile, FoundServer, Package, Scanned, Tools
from yett.scan.sarif import SCHEMA, sarif
from yett.scan.servers import found_server

ROOT: Final = Path("/a space/repository")
PUBLISHED: Final = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text("utf-8"))
for _part in ("run", "toolComponent"):
    del PUBLISHED["definitions"][_part]["properties"]["language"]["pattern"]  # no regular expression of any standard
KNOWN: Final = (WellKnown("m", "Memory", "none", None, Package("npm", "@modelcontextprotocol/server-memory")),)


def scanned(server: FoundServer) -> Scanned:
    identity, tools = identify(server, KNOWN), Tools(None, "not asked")
    changes = Changes(first=False, moved_from="something else")
    return Scanned(server, False, identity, tools, (), changes, judge(server, identity, tools, (), changes, governed=False))


def of_file(path: str, text: str) -> list[Scanned]:
    file = ConfigFile(Client.ANY, Path(path))
    return [scanned(found_server(file, entry)) for entry in entries_of(text.encode(), format_of(file.path), Client.GOOSE)]


def log(found: list[Scanned], *not_read: tuple[str, str]) -> dict[str, Any]:
    made = sarif(found, [(Path(path), why) for path, why in not_read], version="1.2.3", root=ROOT)
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]  # what a reader gets


def test_every_kind_of_file_gives_a_log_that_the_published_schema_accepts() -> None:
    found = [one for case in CASES for one in of_file(case.path, case.text)]
    found += of_file("a/b c.json", WINDSURF) + of_file("x.json", CURSOR) + of_file("y.json", CLAUDE_DESKTOP)
    made = log(found, (".mcp.json", "it is no JSON (line 7)"), ("/etc/x/mcp.json", "it is no plain file"))
    jsonschema_rs.validator_for(PUBLISHED).validate(made)
    assert (made["version"], made["$schema"]) == ("2.1.0", SCHEMA)
    assert not [secret for secret in SECRETS if secret in json.dumps(made)]
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(PUBLISHED).validate({**made, "runs": [{"results": 1}]})


def test_each_result_points_to_a_rule_and_a_line() -> None:
    text = '{\n"mcpServers": {\n  "memory": {"command": "npx", "args": ["@modelcontextprotocl/server-memory"]}}}'
    run = log(of_file(".cursor/a b/mcp.json", text))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    results = {result["ruleId"]: result for result in run["results"]}
    assert {"possible-impostor", "package-not-pinned", "moved"} <= set(results)
    for code, result in results.items():
        assert rules[result["ruleIndex"]]["id"] == code
        place = result["locations"][0]["physicalLocation"]
        assert place["region"] == {"startLine": 3}
        assert place["artifactLocation"] == {"uri": ".cursor/a%20b/mcp.json", "uriBaseId": "%SRCROOT%"}
    assert results["possible-impostor"]["level"] == "error"
    assert results["possible-impostor"]["properties"]["security-severity"] == "9.5"
    assert results["package-not-pinned"]["level"] == "note"
    assert "memory" in results["moved"]["message"]["text"]
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///a%20space/repository/"


def test_rules_explain_themselves_with_a_link() -> None:
    rules = log([])["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [code.value for code in Code if code is not Code.REMARK]
    for rule in rules:
        assert rule["helpUri"].startswith("https://")
        assert rule["help"]["text"]
        assert float(rule["properties"]["security-severity"])
    assert set(RULES) == set(Code)


def test_a_file_that_could_not_be_read_is_a_result_where_it_is_broken() -> None:
    run = log([], (".mcp.json", "it is no JSON (line 7)"))["runs"][0]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("unreadable-file", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert run["invocations"] == [{"executionSuccessful": False}]
    assert log([])["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def test_the_fingerprint_stays_when_lines_move_and_differs_between_servers() -> None:
    def prints(text: str) -> list[str]:
        return [result["partialFingerprints"]["yettScan/v1"] for result in log(of_file(".mcp.json", text))["runs"][0]["results"]]

    first = prints('{"mcpServers": {"a": {"command": "x"}}}')
    assert prints('\n\n{"mcpServers": {"a": {"command": "x"}}}') == first
    assert not set(prints('{"mcpServers": {"b": {"command": "x"}}}')) & set(first)


def test_what_is_elsewhere_is_told_whole_and_what_has_no_file_has_no_place() -> None:
    (one,) = of_file("/home/me/.cursor/mcp.json", '{"mcpServers": {"a": {"command": "x"}}}')
    place = log([one])["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///home/me/.cursor/mcp.json"}
    given = scanned(FoundServer("a", Client.ANY, None, "stdio", "x", one.server.launch))
    (location,) = log([given])["runs"][0]["results"][0]["locations"]
    assert "physicalLocation" not in location


def test_hostile_names_stay_text() -> None:
    made = log([scanned(found_server(ConfigFile(Client.ANY, Path("x")), Entry("\ud800\x1b[2J", {"command": "y"})))])
    json.dumps(made, ensure_ascii=False).encode()
    jsonschema_rs.validator_for(PUBLISHED).validate(made)
