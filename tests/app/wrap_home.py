"""A user's home with clients' files in it, and an installation of Yett beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scan.client_files import CASES
from yett.app.scanning import own_files
from yett.app.unwrapping import Looked, Unwrapped, look, unwrap
from yett.app.wrap_plan import Here, Planned, planned
from yett.app.wrapping import Outcome, wrap
from yett.scan.dialects import Format, format_of
from yett.scan.model import Client, ConfigFile
from yett.settings import Settings
from yett.stores.wrapped import Wrapped, read_wrapped

TIME = [sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC"]
SECRET = "ghp_hidden_token_value_1234"


def time_entry(**more: Any) -> dict[str, Any]:
    """An entry of a real server, with a secret that it does not need."""
    return {"command": TIME[0], "args": TIME[1:], "env": {"TOKEN": SECRET}, **more}


@dataclass(frozen=True)
class Home:
    """Everything below one directory."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        state = self.directory / "state"
        state.mkdir(mode=0o700, exist_ok=True)
        return Settings(config_path=None, state_dir=state)

    @property
    def here(self) -> Here:
        environment = {"HOME": str(self.directory), **self.environment}
        own = {file.path for file in own_files(environment, "linux")}
        return Here(self.settings, environment, read_wrapped(self.settings.state_dir), own)

    def write(self, path: str, content: object) -> Path:
        whole = self.directory / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content, indent=2).encode()
        whole.write_bytes(data)
        return whole

    def cursor(self, **servers: Any) -> Path:
        return self.write(".cursor/mcp.json", {"mcpServers": servers})

    def plan(self, path: Path, client: Client = Client.CURSOR) -> list[Planned]:
        found = planned(self.here, ConfigFile(client, path))
        assert isinstance(found, list), found
        return found

    def wrap(
        self, path: Path, client: Client = Client.CURSOR, policy: str = "recommended", *, look: bool = False
    ) -> list[Outcome]:
        return list(wrap(self.here, self.plan(path, client), policy, look=look))

    @property
    def records(self) -> Mapping[str, Wrapped]:
        return read_wrapped(self.settings.state_dir)

    @property
    def looked(self) -> list[Looked]:
        return look(self.settings, self.records)

    def unwrap(self, entries: Sequence[Looked] | None = None, *, keep: bool = False, force: bool = False) -> list[Unwrapped]:
        return list(unwrap(self.settings, self.looked if entries is None else entries, keep=keep, force=force))

    def holds(self, secret: str) -> list[Path]:
        """Files anywhere in which `secret` stands."""
        return [path for path in self.directory.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


CLIENT_FILES = [case for case in CASES if format_of(Path(case.path)) is not Format.YAML]
