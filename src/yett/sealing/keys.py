"""The master key in its versions, and where it is kept: a file of the state directory, the environment, or the system's key ring.

Everywhere it is the same text: `VERSION:KEY` entries, separated by commas or lines, a key being 32 bytes in URL-safe base64. The
highest version seals; all of them open.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, cast

from yett.errors import OperatorFault
from yett.private_files import create_private, read_private, write_private

KEY_BYTES: Final = 32
KEY_FILE: Final = "master.key"
KEY_VARIABLE: Final = "YETT_MASTER_KEY"
KEYRING_SERVICE: Final = "yett"
VERSION_MAX: Final = 2**31 - 1
VERSIONS_MAX: Final = 64
"""Versions that may be kept at once; each rotation retires all but one."""
TEXT_BYTES_MAX: Final = 16 * 1024

_ENTRY: Final = re.compile(r"([1-9][0-9]{0,9}):([A-Za-z0-9_-]{43}=?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The versions of the master key."""

    keys: Mapping[int, bytes] = field(repr=False)

    @property
    def current(self) -> int:
        """The version that seals."""
        return max(self.keys)

    @property
    def versions(self) -> list[int]:
        """All that open, newest first."""
        return sorted(self.keys, reverse=True)

    def with_next(self) -> KeyRing:
        """The ring with a new key on top. Errors: `OperatorFault` where too many versions are kept."""
        if len(self.keys) >= VERSIONS_MAX:
            raise OperatorFault(f"{VERSIONS_MAX} versions of the master key are kept; finish a rotation, which retires old ones")
        return KeyRing({**self.keys, self.current + 1: secrets.token_bytes(KEY_BYTES)})

    def without(self, retired: Collection[int]) -> KeyRing:
        """The ring without old versions. INVARIANT: the current one stays."""
        return KeyRing({version: key for version, key in self.keys.items() if version == self.current or version not in retired})

    def text(self) -> str:
        """As it is kept."""
        return "".join(f"{version}:{base64.urlsafe_b64encode(self.keys[version]).decode()}\n" for version in self.versions)


def new_ring() -> KeyRing:
    """A ring with a fresh key, version 1."""
    return KeyRing({1: secrets.token_bytes(KEY_BYTES)})


def read_ring(text: str, where: str) -> KeyRing:
    """The ring that `text` holds; `where` names its place. Errors: `OperatorFault`, which shows nothing of the text."""
    keys: dict[int, bytes] = {}
    for number, entry in enumerate((part.strip() for part in re.split(r"[,\n]", text.strip())), 1):
        found = _ENTRY.fullmatch(entry)
        try:
            key = base64.urlsafe_b64decode(found[2].rstrip("=") + "=") if found else b""
        except binascii.Error:
            key = b""
        if found is None or len(key) != KEY_BYTES or int(found[1]) > VERSION_MAX:
            raise OperatorFault(
                f"the master key in {where} cannot be read: entry {number} is not `VERSION:` and 32 bytes in URL-safe base64"
            )
        if int(found[1]) in keys:
            raise OperatorFault(f"the master key in {where} cannot be read: version {found[1]} is there twice")
        keys[int(found[1])] = key
    return KeyRing(keys)


class KeySource(Protocol):
    """Where the master key is kept."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def changeable(self) -> bool:
        """Whether `store` works."""
        ...

    def load(self) -> KeyRing | None:
        """The ring; None where there is none yet. Errors: `OperatorFault`."""
        ...

    def create(self) -> KeyRing:
        """Make one, unless somebody was first; what there is now. Errors: `OperatorFault`."""
        ...

    def store(self, ring: KeyRing) -> None:
        """Replace the ring. Errors: `OperatorFault`."""
        ...


@dataclass(frozen=True, slots=True)
class FileKeys:
    """A file that only its owner may read."""

    path: Path

    @property
    def name(self) -> str:
        return f"`{self.path}`"

    @property
    def changeable(self) -> bool:
        return True

    def load(self) -> KeyRing | None:
        content = read_private(self.path, TEXT_BYTES_MAX)
        return None if content is None else read_ring(content.decode("ascii", "replace"), self.name)

    def create(self) -> KeyRing:
        return read_ring(create_private(self.path, new_ring().text().encode()).decode("ascii", "replace"), self.name)

    def store(self, ring: KeyRing) -> None:
        write_private(self.path, ring.text().encode())


@dataclass(frozen=True, slots=True)
class EnvironmentKeys:
    """A variable of the environment, which nobody but the operator can change."""

    environment: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        return f"the variable `{KEY_VARIABLE}`"

    @property
    def changeable(self) -> bool:
        return False

    def load(self) -> KeyRing | None:
        text = self.environment.get(KEY_VARIABLE)
        return read_ring(text, self.name) if text else None

    def create(self) -> KeyRing:
        ring = self.load()
        if ring is None:
            raise OperatorFault(f"{self.name} is not set; set it to `1:` and 32 random bytes in URL-safe base64")
        return ring

    def store(self, ring: KeyRing) -> None:
        raise OperatorFault(
            f"the master key is in {self.name}, which only you can change: put a higher version before it, as in"
            " `2:NEW,1:OLD`, start again, and run `yett secrets rotate`, which reseals everything"
        )


class _SystemKeyring(Protocol):
    """What is used of the `keyring` package."""

    def get_password(self, service_name: str, username: str) -> str | None: ...

    def set_password(self, service_name: str, username: str, password: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SystemKeys:
    """The system's key ring, through the `keyring` package, which is an extra."""

    account: str
    """Which installation of this user: its state directory."""

    @property
    def name(self) -> str:
        return f"the system's key ring (`{KEYRING_SERVICE}`, `{self.account}`)"

    @property
    def changeable(self) -> bool:
        return True

    def load(self) -> KeyRing | None:
        module, keyring = self._keyring()
        try:
            text = keyring.get_password(KEYRING_SERVICE, self.account)
        except module as error:
            raise OperatorFault(f"{self.name} cannot be used: {str(error) or 'no back-end'}; unlock it, or use a file") from error
        return None if text is None else read_ring(text, self.name)

    def create(self) -> KeyRing:
        present = self.load()
        if present is None:
            self.store(new_ring())
            present = self.load()
        if present is None:
            raise OperatorFault(f"{self.name} keeps nothing; set `secrets.master_key` to `file`")
        return present

    def store(self, ring: KeyRing) -> None:
        module, keyring = self._keyring()
        try:
            keyring.set_password(KEYRING_SERVICE, self.account, ring.text())
        except module as error:
            raise OperatorFault(f"{self.name} cannot be used: {str(error) or 'no back-end'}; unlock it, or use a file") from error

    def _keyring(self) -> tuple[type[Exception], _SystemKeyring]:
        try:
            keyring = importlib.import_module("keyring")
            errors = importlib.import_module("keyring.errors")
        except ImportError as error:
            raise OperatorFault("the `keyring` package is not installed; run `pip install 'yett[keyring]'`") from error
        return cast(type[Exception], errors.KeyringError), cast(_SystemKeyring, keyring)


def key_source(kind: str, state_directory: Path, environment: Mapping[str, str]) -> KeySource:
    """Where `kind` (`secrets.master_key`) says that the key is; the variable wins where it is set."""
    if kind == "environment" or environment.get(KEY_VARIABLE):
        return EnvironmentKeys(environment)
    if kind == "keyring":
        return SystemKeys(str(state_directory))
    return FileKeys(state_directory / KEY_FILE)
