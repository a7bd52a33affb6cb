"""Which clients' files `yett wrap` and `yett unwrap` are about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yett.app.wrap_plan import Here
    from yett.scan.model import ConfigFile
    from yett.stores.wrapped import Wrapped


def here(context: CliContext) -> Here:
    """What is known about this installation and whoever runs it."""
    from yett.app.scanning import own_files
    from yett.app.wrap_plan import Here
    from yett.stores.wrapped import read_wrapped

    own = {file.path for file in own_files(context.environment, sys.platform)}
    return Here(context.settings, context.environment, read_wrapped(context.settings.state_dir), own)


def files_for(context: CliContext, words: Sequence[str], *, everything: bool) -> list[ConfigFile]:
    """The files that are meant: of clients by name, or by path; all of this user's. Errors: `UsageError`."""
    from yett.app.scanning import own_files
    from yett.scan.model import Client, ConfigFile
    from yett.scan.places import client_of
    from yett.wrap.naming import client_slug

    own = own_files(context.environment, sys.platform)
    if everything:
        return _once(own)
    slugs = {client_slug(client): client for client in Client if client is not Client.ANY}
    found: list[ConfigFile] = []
    for word in words:
        path = Path(word).expanduser()
        if word in slugs:
            of_client = [file for file in own if file.client is slugs[word]]
            if not of_client:
                raise click.UsageError(f"{slugs[word].value} has no configuration here; give the path of its file")
            found += of_client
        elif path.is_file():
            known = next((file for file in own if file.path == path.absolute()), None)
            client = client_of(path.absolute()) or (Client.CODEX if path.suffix == ".toml" else Client.ANY)
            found.append(known or ConfigFile(client, path.absolute()))
        else:
            raise click.UsageError(f"`{word}` is neither a file nor a client; clients are {', '.join(sorted(slugs))}")
    return _once(found)


def _once(files: Sequence[ConfigFile]) -> list[ConfigFile]:
    """Each file once, whatever links lead to it."""
    from yett.app.client_files import real_path

    return list({real_path(file.path): file for file in reversed(files)}.values())[::-1]


def records_for(records: Mapping[str, Wrapped], words: Sequence[str], only: Sequence[str]) -> dict[str, Wrapped]:
    """The wrapped entries that are meant: of clients or files, and of these names. Errors: `UsageError`."""
    from yett.app.client_files import real_path
    from yett.scan.model import Client
    from yett.wrap.naming import client_slug

    slugs = {client_slug(client): client.value for client in Client}
    files = {str(real_path(Path(word).expanduser())) for word in words if word not in slugs}
    clients = {slugs[word] for word in words if word in slugs}
    unknown = files - {record.file for record in records.values()}
    if unknown:
        raise click.UsageError(f"nothing of `{sorted(unknown)[0]}` goes through Yett; `yett wrap --status` shows what does")
    missing = set(only) - {record.name for record in records.values()}
    if missing:
        raise click.UsageError(f"no entry `{sorted(missing)[0]}` goes through Yett; `yett wrap --status` shows which do")
    return {
        id: record
        for id, record in records.items()
        if (not words or record.file in files or record.client in clients) and (not only or record.name in only)
    }
