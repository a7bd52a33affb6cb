"""Starts an installed server without anything of ours, and asks it for its tools with Yett's own client."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from collect.installing import Installed, NotCollected
from collect.wanted import Wanted
from yett.app.probe import Asking, ask
from yett.errors import YettError
from yett.gateway.snapshot import ServerEntry
from yett.settings import Command, read_settings
from yett.upstreams.credentials import Credentials

LIST_S: Final = 120.0
"""A server may compile what it imports when it first starts."""
_NAME: Final = "collected"


def listed(wanted: Wanted, installed: Installed, directory: Path) -> dict[str, Any]:
    """What the server says of itself, with its `tools`. Its process group is gone when this returns. Errors: `NotCollected`."""
    try:
        return asyncio.run(_ask(wanted, installed, directory))
    except TimeoutError as error:
        raise NotCollected(f"it did not tell its tools within {LIST_S:g} s") from error
    except YettError as error:
        raise NotCollected(str(error)) from error


async def _ask(wanted: Wanted, installed: Installed, directory: Path) -> dict[str, Any]:
    home = directory / "home"
    home.mkdir()
    arguments = tuple(argument.replace("{home}", str(home)) for argument in wanted.arguments)
    command = Command(argv=(*installed.argv, *arguments), env=_environment(wanted, installed, home), cwd=str(home))
    settings = read_settings(environment={"YETT_STATE_DIRECTORY": str(directory / "state")})
    settings = replace(settings, servers=replace(settings.servers, commands={_NAME: command}))
    entry = ServerEntry(id=_NAME, organisation=_NAME, name=_NAME, command=_NAME)
    async with asyncio.timeout(LIST_S):
        return await ask(Asking(settings, Credentials(), None), entry)


def _environment(wanted: Wanted, installed: Installed, home: Path) -> dict[str, str]:
    """Nothing of whoever runs this: a home of its own, the programs of the system, and made-up values."""
    path = os.pathsep.join([*map(str, installed.path), "/usr/local/bin", "/usr/bin", "/bin"])
    own = {"HOME": str(home), "PATH": path, "TMPDIR": str(home), "USER": "nobody", "LOGNAME": "nobody", "SHELL": "/bin/sh"}
    return own | {name: value.replace("{home}", str(home)) for name, value in wanted.environment.items()}
