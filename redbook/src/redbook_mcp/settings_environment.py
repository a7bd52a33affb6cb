"""Variables read one by one; what cannot be used is collected, so that all of it is told at once."""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import urlsplit

from redbook_mcp.secret import Secret

PREFIX: Final = "REDBOOK_"
KNOWN: Final = (
    "REDBOOK_AI_LABEL", "REDBOOK_AI_LABEL_TEXT", "REDBOOK_API_KEY", "REDBOOK_API_KEY_FILE", "REDBOOK_BASE_URL",
    "REDBOOK_CONCURRENCY", "REDBOOK_CONNECT_TIMEOUT_S", "REDBOOK_CONTENT_PRODUCER", "REDBOOK_DATA_DIR",
    "REDBOOK_DOWNLOAD_TIMEOUT_S", "REDBOOK_EXTRA", "REDBOOK_HTTP_TOKEN", "REDBOOK_IMAGES_PER_DAY", "REDBOOK_LANGUAGE",
    "REDBOOK_LOG_LEVEL", "REDBOOK_MODEL", "REDBOOK_PAGES_PER_RUN", "REDBOOK_PROVIDER", "REDBOOK_READ_TIMEOUT_S",
    "REDBOOK_REFERENCES_AS", "REDBOOK_REFERENCE_DIRS", "REDBOOK_REFERENCE_MODEL", "REDBOOK_REMOTE", "REDBOOK_RETRIES",
    "REDBOOK_RETRY_UNANSWERED", "REDBOOK_SIZE", "REDBOOK_THEME", "REDBOOK_WATERMARK", "REDBOOK_WATERMARK_CORNER",
)  # fmt: skip
KEY_FILE_BYTES_MAX: Final = 16 * 1024

_ORCHESTRATED: Final = re.compile(r"REDBOOK_(?:MCP_)?(?:SERVICE_(?:HOST|PORT.*)|PORT(?:_[0-9]+_.*)?)")
"""What Kubernetes puts into the environment of whoever runs beside a service called `redbook`."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

T = TypeVar("T", bound=str)


class SettingsError(Exception):
    """Settings that cannot be used; `problems` has a sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Environment:
    """The variables of one process. A value that cannot be used is a fault, and its default is returned meanwhile."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._faults: list[str] = []
        self.warnings: list[str] = []

    def fault(self, sentence: str) -> None:
        if sentence not in self._faults:
            self._faults.append(sentence)

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def end(self) -> None:
        """Errors: SettingsError if there were faults."""
        if self._faults:
            raise SettingsError(tuple(self._faults))

    def refuse_unknown(self) -> None:
        """A variable of ours that there is not is a slip of the pen that would pass unseen."""
        for name in sorted(self._environ):
            if name.startswith(PREFIX) and name not in KNOWN and not _ORCHESTRATED.fullmatch(name):
                near = difflib.get_close_matches(name[:100], KNOWN, n=1)
                advice = f"did you mean {near[0]}?" if near else "the README lists what there is"
                self.fault(f"{name[:60]} is no setting; {advice}")

    def text(self, name: str) -> str | None:
        """The value without blanks around; None if there is none."""
        return self._environ.get(name, "").strip() or None

    def line(self, name: str, most: int) -> str | None:
        """One line of at most `most` characters."""
        value = self.text(name)
        if value is not None and (len(value) > most or _CONTROL.search(value)):
            self.fault(f"{name} must be one line of at most {most} characters")
            return None
        return value

    def matching(self, name: str, pattern: re.Pattern[str], what: str) -> str | None:
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            self.fault(f"{name} must be {what}")
            return None
        return value

    def optional_choice(self, name: str, values: tuple[T, ...]) -> T | None:
        value = self.text(name)
        found = next((known for known in values if known == (value or "").lower()), None)
        if value is not None and found is None:
            near = difflib.get_close_matches(value.lower()[:40], values, n=1)
            advice = f"; did you mean {near[0]}?" if near else ""
            self.fault(f"{name} must be one of {', '.join(values)}{advice}")
        return found

    def choice(self, name: str, values: tuple[T, ...], default: T) -> T:
        return self.optional_choice(name, values) or default

    def optional_whole(self, name: str, least: int, most: int) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
            self.fault(f"{name} must be a whole number from {least} to {most}")
            return None
        return int(value)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        found = self.optional_whole(name, least, most)
        return default if found is None else found

    def seconds(self, name: str, default: float, most: float) -> float:
        value = self.text(name)
        if value is None:
            return default
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not 0 < found <= most:
            self.fault(f"{name} must be a number of seconds above 0, at most {most:g}")
            return default
        return found

    def json_object(self, name: str) -> Mapping[str, object]:
        value = self.text(name)
        try:
            found = json.loads(value) if value else {}
        except (json.JSONDecodeError, RecursionError):
            found = None
        if not isinstance(found, dict):
            self.fault(f'{name} must be a JSON object, such as {{"quality": "high"}}')
            return MappingProxyType({})
        return MappingProxyType(found)

    def web_address(self, name: str) -> str | None:
        value = self.line(name, 2000)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.fragment
            secret = parts.username is not None or parts.password is not None
        except ValueError:
            good, secret = False, False
        if not good or secret:
            hint = " without user and password" if secret else ""
            self.fault(f"{name} must be a web address such as https://api.example.com{hint}")
            return None
        return value

    def secret(self, name: str) -> Secret | None:
        """A key given as it is, as `env:NAME`, or as `file:PATH`."""
        value = self.text(name) or ""
        if value.startswith("file:"):
            return self.secret_file(name, value.removeprefix("file:"))
        if value.startswith("env:"):
            named = value.removeprefix("env:").strip()
            if not self.text(named):
                self.fault(f"{name} refers to the variable {named[:60]}, which is not set")
                return None
            value = self.text(named) or ""
        return self._key(name, value)

    def secret_file(self, name: str, path: str) -> Secret | None:
        """The key in a file, without the line's end."""
        try:
            descriptor = os.open(Path(path.strip()).expanduser(), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                content = file.read(KEY_FILE_BYTES_MAX) if plain else b""
        except (OSError, ValueError, RuntimeError) as error:
            self.fault(f"{name}: the key file cannot be read: {getattr(error, 'strerror', None) or 'its path is none'}")
            return None
        return self._key(name, content.decode("utf-8", "replace").strip())

    def _key(self, name: str, value: str) -> Secret | None:
        if not _KEY.fullmatch(value):
            self.fault(f"{name} must be printable characters without spaces")
            return None
        return Secret(value)

    def folders(self, name: str, default: Path) -> tuple[Path, ...]:
        """Absolute folders, divided as PATH is."""
        value = self.text(name)
        if value is None:
            return (default,)
        found = []
        for part in filter(None, (part.strip() for part in value.split(os.pathsep))):
            path = self._expanded(name, part)
            if path is None or not path.is_absolute() or path == Path(path.anchor):
                self.fault(f"{name} must be absolute folders divided by `{os.pathsep}`, and none of them the whole disk")
                continue
            if not path.is_dir():
                self.warn(f"{name}: there is no folder {path}")
            found.append(path)
        return tuple(found)

    def data_dir(self) -> Path:
        """Where projects are kept: REDBOOK_DATA_DIR, the original's DATA_DIR, or the user's data folder."""
        ours, original = self.text("REDBOOK_DATA_DIR"), self.text("DATA_DIR")
        if ours and original and ours != original:
            self.fault("REDBOOK_DATA_DIR and DATA_DIR are set to different values; keep one")
        given = ours or original
        if given is not None:
            path = self._expanded("REDBOOK_DATA_DIR" if ours else "DATA_DIR", given)
            # As in the original, a relative folder counts from where the server is started.
            return (path or Path()).absolute()
        return self._user_data() / "redbook"

    def _user_data(self) -> Path:
        xdg = self.text("XDG_DATA_HOME")
        if xdg is not None and Path(xdg).is_absolute():
            return Path(xdg)
        home = self._expanded("HOME", self.text("HOME") or "~") or Path()
        if sys.platform == "darwin":
            return home / "Library" / "Application Support"
        if sys.platform == "win32":
            return Path(self.text("LOCALAPPDATA") or home / "AppData" / "Local")
        return home / ".local" / "share"

    def _expanded(self, name: str, value: str) -> Path | None:
        try:
            if "\0" not in value:
                return Path(value).expanduser()
        except RuntimeError:
            pass
        self.fault(f"{name} is no path that can be used")
        return None
