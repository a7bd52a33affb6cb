"""The command line as a person or a script meets it: words in; status, stdout and stderr out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from yett.cli.main import main


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


@dataclass(frozen=True)
class Terminal:
    """Runs commands in this process, in a state directory of its own."""

    directory: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: object) -> Done:
        self.capture.readouterr()
        status = main([str(word) for word in words])
        captured = self.capture.readouterr()
        return Done(status, captured.out, captured.err)

    def ok(self, *words: object) -> Done:
        done = self.run(*words)
        assert done.status == 0, done.err
        return done
