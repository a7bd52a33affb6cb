"""`yett connect`: stdio to the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, say, tell_who_types

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from yett.settings import Settings


@click.command("connect")
@click.argument("server")
@click.option("--url", help="The gateway's address; default: the one of the configuration.")
@click.option("--token-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the grant's token.")
@click.option("--token", envvar="YETT_TOKEN", help="The grant's token; better given in the variable YETT_TOKEN.")
@click.option(
    "--start", is_flag=True, help="Start the gateway of this host, in the background, if it does not run; `yett down` ends it."
)
@pass_context
def command(
    context: CliContext, server: str, url: str | None, token_file: Path | None, token: str | None, *, start: bool
) -> None:
    """Bridge a client that speaks only stdio to SERVER of the gateway.

    A `yett.toml` in the folder where it is started does not count, since clients are started in folders that others made.
    """
    from yett.app.address import scheme_of, url_of
    from yett.app.bridge import Bridge
    from yett.app.clock import SystemClock
    from yett.app.data_plane import run_loop
    from yett.app.pipes import require_streams, stdin_lines, stdout_writer
    from yett.upstreams.http import HttpUpstream

    require_streams()
    context.local = False
    secret = _token(token_file, token)
    tell_who_types()
    plane = context.settings.data_plane
    if start:
        from yett.app.background import have_gateway

        if have_gateway(context.settings, context.environment) is not None:
            say("the gateway did not run, and was started in the background; `yett down` ends it, and `up.log` is what it says")
    base = (url or url_of(plane.host, plane.port, scheme_of(context.settings))).rstrip("/")
    trust = _trust(context.settings, here=url is None)

    async def connect() -> None:
        gateway = HttpUpstream(f"{base}/mcp/{server}", clock=SystemClock(), timeout_s=plane.upstream_timeout_s, tls=trust)
        try:
            bridge = Bridge(gateway, secret, await stdout_writer())
            await bridge.serve(stdin_lines(lambda noise: say(f"skipped: {noise.reason}")))
        finally:
            await gateway.aclose()

    run_loop(connect)


def _trust(settings: Settings, *, here: bool) -> Callable[[], ssl.SSLContext]:
    """Whose certificate is trusted: on the gateway's own host the one that it has, elsewhere the system's and `tls.ca`."""
    from functools import cache

    from yett.app.address import own_certificate
    from yett.edge.tls import pinned, trusting

    certificate = own_certificate(settings) if here else None
    ca = Path(settings.tls.ca) if settings.tls.ca else None
    if certificate is not None:
        own = pinned(certificate)
        return lambda: own
    return cache(lambda: trusting(ca))  # 20 ms that plain HTTP need not pay


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
