"""`yett scan comment`: what the GitHub Action says on a pull request."""

from __future__ import annotations

from pathlib import Path

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, say


@click.command("comment", hidden=True)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_context
def comment(context: CliContext, /, file: Path) -> int:
    """Make or renew the comment of the pull request that this workflow runs for, from FILE. For the GitHub Action."""
    from yett.app.pull_request import pull_request_of, put_comment

    request = pull_request_of(context.environment)
    if request is None:
        say("this workflow runs for no pull request, so there is nothing to comment on")
        return Exit.OK
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read `{file}`") from error
    say(f"comment {put_comment(request, text)}")
    return Exit.OK
