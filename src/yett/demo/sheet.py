"""The pictures of a run on one sheet, drawn by the server's own command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from yett.demo.stage import Stage
from yett.errors import OperatorFault

DRAW_S: Final = 60.0


def draw_sheet(stage: Stage, project_id: str, path: Path) -> None:
    """Write the pictures of a note to `path`. Errors: `OperatorFault` where that is not possible."""
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [*stage.server, "sheet", project_id, "--to", str(path)],
        env={"PATH": os.environ.get("PATH", ""), **stage.server_environment},  # whatever the user has set up for image models
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DRAW_S,
        check=False,
    )
    if done.returncode != 0:
        raise OperatorFault(f"the sheet of pictures could not be drawn: {done.stderr.strip() or 'no reason was given'}")
