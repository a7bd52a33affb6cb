"""Where this very program is, for clients that have another PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault

NAME: Final = "yett"


def own_program() -> str:
    """The path to start it by: as the PATH finds it, which outlives an update, else beside the interpreter.

    Errors: `OperatorFault`.
    """
    beside = Path(sys.executable).parent / NAME
    found = shutil.which(NAME) or (str(beside) if os.access(beside, os.X_OK) else None)
    if found is None:
        raise OperatorFault("there is no program `yett` on the PATH, which clients could start; install Yett so that there is")
    return str(Path(found).absolute())


def own_names() -> tuple[str, ...]:
    """What an entry may start that is this program."""
    try:
        return NAME, own_program()
    except OperatorFault:
        return (NAME,)
