"""`yett server credential` and `yett server connect`: how the gateway proves itself to a server."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, print_fields, print_json, tell_note

if TYPE_CHECKING:
    from yett.admin.credentials.views import CredentialView, NewCredential

KINDS: Final = ("none", "reference", "headers", "authorization_code", "client_credentials", "token_exchange", "jwt_bearer")
KEY_BYTES_MAX: Final = 64 * 1024


@click.command("credential")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), help="Replace it by one of this kind. Without: show what there is.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME", help="headers: a field; its value is asked for, or read from stdin."
)
@click.option("--reference", metavar="REF", help="reference: env:NAME or file:/PATH.")
@click.option("--issuer", metavar="URL", help="The authorization server that knows the client.")
@click.option("--client-id", metavar="ID", help="What the authorization server knows the gateway by.")
@click.option("--client-secret", is_flag=True, help="Ask for the client's secret, or read it from stdin.")
@click.option("--private-key", type=click.Path(dir_okay=False, exists=True), help="PEM file for private_key_jwt.")
@click.option("--algorithm", default="ES256", show_default=True, help="What the key signs with.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Ask for this; what the server wants, if left out.")
@click.option("--subject", "subject_reference", metavar="REF", help="token_exchange, jwt_bearer: where the token is.")
@click.option("--subject-token", is_flag=True, help="token_exchange, jwt_bearer: ask for the token, or read it from stdin.")
@click.option("--subject-type", metavar="URN", help="What kind of token is exchanged.")
@click.option("--audience", metavar="TEXT", help="Whom the exchanged token is for.")
@click.option("--identity-provider", metavar="URL", help="jwt_bearer: who gives an assertion for the token.")
@click.option("--identity-client-id", metavar="ID", help="What the identity provider knows the gateway by.")
@click.option("--identity-client-secret", is_flag=True, help="Ask for that client's secret, or read it from stdin.")
@pass_context
def credential(context: CliContext, /, name: str, kind: str | None, **options: Any) -> None:
    """Show or replace how the gateway proves itself to a server. Values go in only; nobody sees them again."""
    from yett.app.control import connect as reach

    if kind is None:
        if any(value for key, value in options.items() if key != "algorithm"):
            raise click.UsageError("say which kind it is: --kind KIND")
        with reach(context.settings) as control:
            _show(context, control.credential(name))
        return
    new = _read(kind, options)
    with reach(context.settings) as control:
        changed = control.set_credential(name, new)
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(f"the credential of `{changed.credential.server}` is of kind {kind} now")
    if changed.credential.state == "unconnected":
        tell_note(f"nobody has allowed it yet: run `yett server connect {name}`")
    tell_note(changed.note)


@click.command("connect")
@click.argument("name")
@pass_context
def connect(context: CliContext, name: str) -> None:
    """Connect a server to its authorization server: print where to go, with a browser, to allow it."""
    from yett.app.control import connect as reach

    with reach(context.settings) as control:
        started = control.connect(name)
    if context.json:
        print_json(asdict(started))
        return
    click.echo(started.url)
    tell_note(f"open it in a browser that reaches this address, by {started.expires_at}; it works once")


def _read(kind: str, options: dict[str, Any]) -> NewCredential:
    """What is to be set; secrets are asked for, and never stand on the command line."""
    from yett.admin.credentials.views import NewCredential

    key = options.pop("private_key")
    headers = {header: _secret(f"value of {header}") for header in options.pop("headers")}
    secret = _secret("client secret") if options.pop("client_secret") else None
    subject = _secret("token to exchange" if kind == "token_exchange" else "token") if options.pop("subject_token") else None
    at_provider = _secret("secret of the identity provider's client") if options.pop("identity_client_secret") else None
    scopes = list(options.pop("scopes"))
    return NewCredential(
        kind=kind,  # type: ignore[arg-type]  # one of KINDS, says the option
        headers=headers,
        client_secret=secret,
        subject_token=subject,
        identity_client_secret=at_provider,
        scopes=scopes,
        private_key=None if key is None else _key(Path(key)),
        **options,
    )


def _secret(what: str) -> str:
    """Asked for without echo, or the next line of stdin where that is no terminal."""
    if sys.stdin.isatty():
        value: str = click.prompt(f"the {what}", hide_input=True, err=True)
        return value
    line = sys.stdin.readline()
    if not line:
        raise CommandError(f"stdin ended before the {what}; write each on a line of its own")
    return line.removesuffix("\n").removesuffix("\r")


def _key(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(KEY_BYTES_MAX + 1)
        text = content.decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the key `{path}` cannot be read; give a PEM file") from error
    if len(content) > KEY_BYTES_MAX:
        raise CommandError(f"the key `{path}` is longer than {KEY_BYTES_MAX:,} bytes; give a PEM file")
    return text


def _show(context: CliContext, view: CredentialView) -> None:
    if context.json:
        print_json(asdict(view))
        return
    fields = [
        ("kind", view.kind),
        ("state", view.state),
        ("problem", view.problem),
        ("header fields", ", ".join(view.header_names)),
        ("authorization server", view.issuer),
        ("client", view.client_id),
        ("scopes", " ".join(view.scopes)),
        ("token ends", view.expires_at),
        ("changed", view.changed_at),
    ]
    print_fields(context, [(name, value) for name, value in fields if value])
