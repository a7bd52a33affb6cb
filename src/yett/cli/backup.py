"""`yett backup`, `yett restore`: what this installation remembers, in one file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_fields, print_json, say

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--with-keys", is_flag=True, help="The keys too: whoever has the file has everything then.")
@pass_context
def backup(context: CliContext, file: Path, with_keys: bool) -> None:
    """Copy databases, pins and listed commands into FILE, which only you can read. The gateway may run meanwhile."""
    from yett.app.backup import write_backup
    from yett.app.clock import SystemClock

    manifest = write_backup(context.settings.state_dir, file, SystemClock(), with_keys=with_keys)
    if context.json:
        print_json(msgspec.to_builtins(manifest))
        return
    print_fields(context, [(name, f"{entry.bytes:,} bytes") for name, entry in manifest.files.items()])
    say("keep the file safe: it holds the keys" if with_keys else "the keys are not in it; keep `token.key` and `master.key` too")


@click.command("restore")
@click.argument("file", type=FILE)
@pass_context
def restore(context: CliContext, file: Path) -> None:
    """Put back what FILE holds. The gateway must be stopped; what was there is kept aside."""
    from yett.app.backup import restore_backup
    from yett.app.clock import SystemClock

    restored = restore_backup(context.settings.state_dir, file, SystemClock())
    if context.json:
        aside = None if restored.aside is None else str(restored.aside)
        print_json({"manifest": msgspec.to_builtins(restored.manifest), "aside": aside})
        return
    say(f"restored what was backed up at {restored.manifest.created_at} by Yett {restored.manifest.yett}")
    if restored.aside is not None:
        say(f"what was there before is in {restored.aside}")
    if not restored.manifest.keys:
        say("the backup holds no keys; tokens are good and credentials open only with the keys of its time")
