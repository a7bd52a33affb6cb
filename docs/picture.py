"""Draws `docs/demo.svg`, the picture in the README, from what `yett demo --check` really prints: `python docs/picture.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

COLUMNS: Final = 142
PICTURE: Final = Path(__file__).with_name("demo.svg")
_END: Final = "To let your own MCP client in"
_WEB_FONTS: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""The picture uses the reader's own fonts; nothing is fetched to look at it."""


def performed() -> str:
    """What the demonstration prints, coloured, without the configuration to paste and the directory of this run."""
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    command = [str(Path(sys.executable).with_name("yett")), "demo", "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    shown = done.stdout.partition(_END)[0].rstrip()
    return re.sub(r"/\S+/yett-demo-[\w-]+/", "", shown)


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w", encoding="utf-8"), force_terminal=True)  # noqa: SIM115 - for the life of the program
    console.print(Text.from_ansi("$ yett demo\n\n" + performed()))
    svg = console.export_svg(title="yett demo")
    PICTURE.write_text(_WEB_FONTS.sub("", svg), encoding="utf-8")


if __name__ == "__main__":
    main()
