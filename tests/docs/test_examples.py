"""What the documents show works as shown: policies parse, scenarios hold, commands and settings exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import pytest

from yett.cli.main import COMMANDS, cli, main
from yett.policy.document import read_policy
from yett.settings import read_settings

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Example(NamedTuple):
    """A fenced block of a document."""

    place: str
    language: str
    text: str


def examples() -> list[Example]:
    """Every fenced block, with `file:line`."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for block in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            found.append(Example(f"{path.relative_to(ROOT)}:{line}", block.group(1), block.group(2)))
    return found


def documents() -> list[tuple[str, dict[str, Any]]]:
    """Every JSON example."""
    return [(example.place, json.loads(example.text)) for example in examples() if example.language == "json"]


POLICIES: Final = [
    (place, document.get("policy", document)) for place, document in documents() if "version" in document or "policy" in document
]


def command_lines() -> list[tuple[str, str]]:
    """Every `yett …` of a fenced block or within a sentence."""
    fenced = [
        (example.place, line)
        for example in examples()
        if not example.language
        for line in example.text.splitlines()
        if line.startswith("yett ")
    ]
    spans = [
        (str(path.relative_to(ROOT)), line)
        for path in DOCUMENTS
        for line in re.findall(r"`(yett [^`]*)`", path.read_text("utf-8"))
    ]
    return fenced + [(place, line) for place, line in spans if "|" not in line]


COMMAND_LINES: Final = command_lines()


def test_the_documents_show_policies_and_commands() -> None:
    assert len(POLICIES) >= 6
    assert len(COMMAND_LINES) >= 12


@pytest.mark.parametrize(("place", "policy"), POLICIES, ids=[place for place, _ in POLICIES])
def test_a_policy_of_the_documents_is_accepted(place: str, policy: dict[str, Any]) -> None:
    read_policy(json.dumps(policy).encode())


SCENARIOS: Final = [(place, document) for place, document in documents() if "steps" in document]


@pytest.mark.parametrize(("place", "scenario"), SCENARIOS, ids=[place for place, _ in SCENARIOS])
def test_a_scenario_of_the_documents_holds(place: str, scenario: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(scenario), encoding="utf-8")
    assert main(["policy", "test", str(path)]) == 0


@pytest.mark.parametrize(("place", "line"), COMMAND_LINES, ids=[f"{place} {line[:30]}" for place, line in COMMAND_LINES])
def test_a_command_line_of_the_documents_exists_with_all_its_options(place: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="yett")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"no command `{words[0]}`"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    used = {word.partition("=")[0] for word in words[: words.index("--")] if "--" in words} if "--" in words else set(words)
    assert {word for word in used if word.startswith("-")} <= known


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_path_that_only_stands_for_the_readers_own_is_said_to_do_so_before_it_is_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    run = re.search(r"^yett .*/home/me/notes", text, flags=re.MULTILINE)
    if run is not None:
        assert 0 < text.find("`/home/me/notes` stands for a folder of yours") < run.start()


@pytest.mark.parametrize(
    "example", [example for example in examples() if example.language == "toml"], ids=lambda example: example.place
)
def test_a_configuration_of_the_documents_is_accepted(example: Example, tmp_path: Path) -> None:
    path = tmp_path / "yett.toml"
    path.write_text(example.text, encoding="utf-8")
    read_settings(path, {})


def test_the_readme_names_every_command() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert [name for name in COMMANDS if not re.search(rf"(`yett |\\\|){name}\b", table)] == []
