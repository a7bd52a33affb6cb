"""Which files of a state directory a backup holds, and which names a restore ever writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from yett.app.address import TOKEN_FILE
from yett.app.local_pins import DIRECTORY as PINS
from yett.app.policy_file import DIRECTORY as POLICIES
from yett.app.wrap_plan import TOKENS
from yett.gateway.snapshot_file import SNAPSHOT_FILE, journal_of
from yett.gateway.tokens import KEY_FILE as TOKEN_KEY_FILE
from yett.sealing.handover import CREDENTIALS_FILE
from yett.sealing.host_file import SEALED_FILE
from yett.sealing.keys import KEY_FILE as MASTER_KEY_FILE
from yett.stores.commands import COMMANDS_FILE
from yett.stores.control.lock import DATABASE_FILE
from yett.stores.state_file import STATE_FILE
from yett.stores.wrapped import WRAPPED_FILE

DATABASES: Final = (DATABASE_FILE, STATE_FILE)
KEYS: Final = (TOKEN_KEY_FILE, TOKEN_FILE, MASTER_KEY_FILE)
PLAIN: Final = (COMMANDS_FILE, SEALED_FILE, WRAPPED_FILE)
DERIVED: Final = (SNAPSHOT_FILE, journal_of(Path(SNAPSHOT_FILE)).name, CREDENTIALS_FILE)
"""What the gateway makes anew of the databases; what it made of the old ones must not judge any more."""
_FOLDERS: Final = {PINS: r"[0-9a-f]{32}\.json", POLICIES: r"[0-9a-f]{32}\.json"}
"""Of `yett run`, with the form of the names in them."""
_SECRET_FOLDERS: Final = {TOKENS: r"[0-9a-f]{20}"}
"""Of `yett wrap`: whoever has these files may make calls."""


def plain_names(state_dir: Path, *, with_keys: bool) -> list[str]:
    """What is copied beside the databases, of what there is."""
    named = [name for name in (*PLAIN, *(KEYS if with_keys else ())) if (state_dir / name).exists()]
    folders = {**_FOLDERS, **(_SECRET_FOLDERS if with_keys else {})}
    return [*named, *(name for folder, form in folders.items() for name in _within(state_dir, folder, form))]


def is_ours(name: str) -> bool:
    """Whether a backup of ours may hold a file of this name."""
    folder, slash, file = name.partition("/")
    if not slash:
        return name in {*DATABASES, *PLAIN, *KEYS}
    form = {**_FOLDERS, **_SECRET_FOLDERS}.get(folder)
    return form is not None and re.fullmatch(form, file, re.ASCII) is not None


def _within(state_dir: Path, folder: str, form: str) -> list[str]:
    found = sorted((state_dir / folder).glob("*"))
    return [f"{folder}/{path.name}" for path in found if re.fullmatch(form, path.name, re.ASCII) and path.is_file()]
