"""Policy files as the commands on files read them, and how their errors are shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext
from yett.cli.output import CommandError, plain

if TYPE_CHECKING:
    from yett.cli.policy_places import Place
    from yett.policy.errors import PolicyError
    from yett.policy.json_value import JsonValue
    from yett.policy.model import Policy

FILES: Final = click.Path(path_type=Path, allow_dash=True)
STDIN: Final = "-"
_POSITION: Final = re.compile(r"line (\d+),? column (\d+)")

yaml_option = click.option("--yaml", "yaml", is_flag=True, help="The file is YAML though its name does not say so.")


@dataclass(frozen=True)
class PolicySource:
    """The text of one policy, and where it came from."""

    path: Path
    """`-` for standard input."""
    data: bytes
    yaml: bool

    @property
    def label(self) -> str:
        """Its name in messages."""
        return "<stdin>" if str(self.path) == STDIN else str(self.path)

    @cached_property
    def text(self) -> str:
        """The text, with what is not UTF-8 replaced."""
        return self.data.decode("utf-8", "replace")

    def document(self) -> JsonValue:
        """The decoded document. Errors: `PolicyErrors`."""
        from yett.policy.document import read_json, read_yaml
        from yett.policy.errors import PolicyError, PolicyErrors
        from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

        if len(self.data) > DOCUMENT_BYTES_MAX:
            raise PolicyErrors([PolicyError("", f"larger than {DOCUMENT_BYTES_MAX} bytes")])
        return read_yaml(self.data) if self.yaml else read_json(self.data)

    def policy(self) -> Policy:
        """The policy. Errors: `PolicyErrors`."""
        from yett.policy.parse import parse_policy

        return parse_policy(self.document())

    @cached_property
    def _places(self) -> dict[str, Place]:
        from yett.cli.policy_places import places_in

        return places_in(self.text, yaml=self.yaml)

    def place(self, pointer: str, message: str = "") -> Place:
        """Where a pointer stands in the text; for a text that cannot be read, where its message says."""
        from yett.cli.policy_places import Place, place_of

        position = _POSITION.search(message) if pointer == "" else None
        return Place(int(position[1]), int(position[2])) if position else place_of(pointer, self._places)


def read_source(path: Path, *, yaml: bool = False) -> PolicySource:
    """The policy file, or standard input. Errors: `CommandError` where it cannot be read at all."""
    from yett.policy.document import looks_like_yaml
    from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

    return PolicySource(path, read_bytes(path, DOCUMENT_BYTES_MAX + 1), yaml or looks_like_yaml(path.name))


def read_bytes(path: Path, most: int) -> bytes:
    """At most so many bytes of a file or of standard input. Errors: `CommandError`."""
    try:
        if str(path) == STDIN:
            return sys.stdin.buffer.read(most)
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise CommandError(f"cannot read `{path}`: {error.strerror}") from error


def errors_as_json(source: PolicySource, errors: Iterable[PolicyError]) -> list[dict[str, object]]:
    """Each error with its place in the text."""
    return [
        {"pointer": error.pointer, "message": error.message, "hint": error.hint, "line": place.line, "column": place.column}
        for error in errors
        for place in [source.place(error.pointer, error.message)]
    ]


def show_errors(context: CliContext, source: PolicySource, errors: Iterable[PolicyError]) -> None:
    """Each error on stdout: where, what, and what to write instead."""
    for error in errors:
        place = source.place(error.pointer, error.message)
        for line in told(f"{source.label}:{place.line}:{place.column}", "error", error.message, error.pointer, error.hint):
            click.echo(line, color=context.color())


_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}


def told(where: str, severity: str, message: str, pointer: str, hint: str | None) -> Iterator[str]:
    """A finding in up to three lines, coloured."""
    word = click.style(severity, fg=_COLOURS[severity], bold=True)
    yield f"{click.style(plain(where), bold=True)}: {word}: {plain(message)}"
    if pointer:
        yield f"    at {plain(pointer)}"
    if hint:
        yield f"    {plain(hint)}"
