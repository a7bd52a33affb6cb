"""`yett connect`: stdio to the gateway."""

from __future__ import annotations

from pathlib import Path

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, say


@click.command("connect")
@click.argument("server")
@click.option("--url", help="The gateway's address; default: the one of the configuration.")
@click.option("--token-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the grant's token.")
@click.option("--token", envvar="YETT_TOKEN", help="The grant's token; better given in the variable YETT_TOKEN.")
@pass_context
def command(context: CliContext, server: str, url: str | None, token_file: Path | None, token: str | None) -> None:
    """Bridge a client that speaks only stdio to SERVER of the gateway."""
    from yett.app.bridge import Bridge
    from yett.app.clock import SystemClock
    from yett.app.data_plane import run_loop
    from yett.app.pipes import require_streams, stdin_lines, stdout_writer
    from yett.upstreams.http import HttpUpstream

    require_streams()
    secret = _token(token_file, token)
    plane = context.settings.data_plane
    base = (url or f"http://{plane.host}:{plane.port}").rstrip("/")

    async def connect() -> None:
        gateway = HttpUpstream(f"{base}/mcp/{server}", clock=SystemClock(), timeout_s=plane.upstream_timeout_s)
        try:
            bridge = Bridge(gateway, secret, await stdout_writer())
            await bridge.serve(stdin_lines(lambda noise: say(f"skipped: {noise.reason}")))
        finally:
            await gateway.aclose()

    run_loop(connect)


def _token(token_file: Path | None, token: str | None) -> str:
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it holds no text"
            raise CommandError(f"cannot read the token file `{token_file}`: {cause}") from error
    if not token:
        raise CommandError("no token; set YETT_TOKEN, or give --token-file", exit_code=Exit.USAGE, code="usage")
    return token
