"""Policies that follow files: published at start and at each change; while a file is unusable, the last good revision stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yett.admin.errors import AdminFault, NotFound, PolicyRefused
from yett.admin.service import Service
from yett.errors import StoreFault
from yett.policy.document import looks_like_yaml
from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

POLL_S: Final = 1.0
"""How often the files are looked at. A look is one system call a file, and works on every file system."""

_log: Final = logging.getLogger("yett.policy_files")
_State = tuple[int, int, int, int]


@dataclass(slots=True)
class PolicyFiles:
    """The policy files that the settings name, and which state of each was published last."""

    service: Service
    files: Mapping[str, Path]
    _seen: dict[str, _State | None] = field(default_factory=dict)
    _untold: set[str] = field(default_factory=set)
    """Policies of which there is news that has not left yet: the store may fail in between."""

    async def watch(self, interval_s: float = POLL_S) -> None:
        """Poll for ever. Cancel it to stop."""
        while True:
            await asyncio.sleep(interval_s)
            await asyncio.to_thread(self.poll)

    def poll(self) -> None:
        """Publish each file that changed since the last poll; tell of each that cannot be used. Never raises for a bad file."""
        for name, path in self.files.items():
            state = _state_of(path)
            if name in self._seen and self._seen[name] == state:
                continue
            try:
                self._report(name, self._publish(name, path))
            except StoreFault as error:
                _log.warning("the policy file `%s` waits: %s", path, error)
            else:
                self._seen[name] = state

    def release_others(self) -> None:
        """Policies that followed a file which the settings name no more may be set by command again."""
        self.service.unfollow_except(set(self.files))

    def _publish(self, name: str, path: Path) -> str | None:
        """What is wrong with the file, if anything."""
        try:
            with path.open("rb") as file:
                data = file.read(DOCUMENT_BYTES_MAX + 1)
            self.service.follow_file(name, str(path), data, yaml=looks_like_yaml(path.name))
        except OSError as error:
            return self._sentence(name, path, f"it cannot be read: {error.strerror}")
        except PolicyRefused as error:
            return self._sentence(name, path, _first(error))
        except AdminFault as error:
            return self._sentence(name, path, str(error))
        return None

    def _sentence(self, name: str, path: Path, reason: str) -> str:
        """Names file, reason, and what counts meanwhile."""
        try:
            kept = f"revision {self.service.policy(name).revision.revision} stays"
        except NotFound:
            kept = "there is no earlier revision, so nothing can be granted by it"
        return f"the file `{path}` of the policy `{name}` is not usable: {reason}; {kept}"

    def _report(self, name: str, problem: str | None) -> None:
        if self.service.desk.report(f"policy file {name}", problem):
            self._untold.add(name)
            if problem is not None:
                _log.warning("%s", problem)
            else:
                _log.info("the policy `%s` is as its file says again", name)
        if name in self._untold:
            self.service.desk.spread()
            self._untold.discard(name)


def _first(error: PolicyRefused) -> str:
    """The first error of a refused policy, with place and hint, and how many more there are."""
    first = error.details[0]
    place = f"at `{first['pointer']}`: " if first["pointer"] else ""
    hint = f", {first['hint']}" if first["hint"] else ""
    more = f" (and {len(error.details) - 1} more)" if len(error.details) > 1 else ""
    return f"{place}{first['message']}{hint}{more}"


def _state_of(path: Path) -> _State | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size
