"""`python -m collect [SLUG …]`: install, start and list the servers of `servers.toml`, and write them for the catalogue.

Each runs in a throw-away directory, without secrets, and is ended with all that it started. It is still a stranger's program with
the rights of whoever runs this: use a machine or a container that holds nothing of value.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from collect.installing import Installed, NotCollected, install
from collect.listing import listed
from collect.wanted import Wanted, wanted_servers
from yett.site.known import ROWS, rows_text

HOME: Final = "/home/user"
KNOWN: Final = Path(__file__).parents[1] / "src/yett/site/known"


def collect(wanted: Wanted) -> dict[str, Any]:
    """The server as the catalogue keeps it. Errors: `NotCollected`."""
    with tempfile.TemporaryDirectory(prefix="collect-", ignore_cleanup_errors=True) as made:
        directory = Path(made)
        installed = install(wanted, directory)
        said = _elsewhere(listed(wanted, installed, directory), directory)
    if not said["tools"]:
        raise NotCollected("it has no tools")
    return described(wanted, installed, said, datetime.now(UTC).date().isoformat())


def _elsewhere(said: dict[str, Any], directory: Path) -> dict[str, Any]:
    """What a server said, as if it had run where people run it: some tell the directory that they run in."""
    text = json.dumps(said, ensure_ascii=False).replace(str(directory / "home"), HOME).replace(str(directory), HOME)
    elsewhere: dict[str, Any] = json.loads(text)
    return elsewhere


def described(wanted: Wanted, installed: Installed, said: dict[str, Any], day: str) -> dict[str, Any]:
    """What is kept: where it comes from, how it was started, and its tools as it listed them."""
    return {
        "slug": wanted.slug,
        "name": wanted.name,
        "about": wanted.about,
        "package": {
            "ecosystem": wanted.ecosystem,
            "name": wanted.package,
            "program": installed.program,
            "version": installed.version,
            "licence": installed.licence,
            "listed": day,
            "arguments": list(wanted.arguments),
            "environment": sorted(wanted.environment),
        },
        "said": {key: said[key] for key in ("name", "version", "revision") if key in said},
        "tools": said["tools"],
    }


def text_of(server: dict[str, Any]) -> str:
    """A line for each member and for each tool: small, and what changes shows in a difference."""
    lines = [f"{json.dumps(key)}: {_compact(value)}" for key, value in server.items() if key != "tools"]
    tools = ",\n".join(_compact(tool) for tool in server["tools"])
    return "{\n" + ",\n".join(lines) + ',\n"tools": [\n' + tools + "\n]\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(arguments: Sequence[str] | None = None) -> int:
    """How many could not be collected, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m collect", description=__doc__)
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="only these of the list")
    parser.add_argument("--into", type=Path, default=KNOWN, help="the directory to write to")
    parser.add_argument(
        "--rows", action="store_true", help="collect nothing; write anew what lists show of each, judged as of now"
    )
    said = parser.parse_args(arguments)
    if said.rows:
        ROWS.write_text(rows_text(), encoding="utf-8")
        return 0
    failed = 0
    for wanted in wanted_servers():
        if said.slugs and wanted.slug not in said.slugs:
            continue
        try:
            server = collect(wanted)
        except NotCollected as error:
            failed += 1
            click.echo(f"{wanted.slug}: {error}", err=True)
            continue
        (said.into / f"{wanted.slug}.json").write_text(text_of(server), encoding="utf-8")
        click.echo(f"{wanted.slug}: {server['package']['version']}, {len(server['tools'])} tools")
    if said.into == KNOWN:
        ROWS.write_text(rows_text(), encoding="utf-8")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
