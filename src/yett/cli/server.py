"""`yett server`: the servers behind the gate."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, is_utf8, print_fields, print_json, print_table, tell_note, waiting
from yett.cli.server_credential import connect as connect_command
from yett.cli.server_credential import credential as credential_command
from yett.cli.server_drift import drift
from yett.cli.server_edit import edit
from yett.cli.server_find import import_, known, tell_change
from yett.cli.server_look import look, tools
from yett.cli.server_pins import pins

if TYPE_CHECKING:
    from yett.admin.control import Control
    from yett.admin.views import HealthView, NewServer, ServerChanged, ServerView
    from yett.stores.commands import Command


@click.group("server")
def command() -> None:
    """Add, list, show, edit and remove the servers behind the gate."""


for _other in (connect_command, credential_command, drift, edit, import_, known, look, pins, tools):
    command.add_command(_other)


class _WithProgram(click.Command):
    """Takes everything after `--` as one program, and nothing before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            ctx.meta["argv"] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM ARG…]"]


@command.command("add", cls=_WithProgram)
@click.argument("name")
@click.option("--url", help="Address of a server that speaks HTTP.")
@click.option(
    "--transport",
    type=click.Choice(["http", "sse"]),
    help="What it speaks at the url: Streamable HTTP, or the event stream of revision 2024-11-05.  [default: http]",
)
@click.option("--command", "program", metavar="NAME", help="A program that the host lists under this name.")
@click.option(
    "--credential", metavar="REF", help="The server's own secret: env:NAME or file:/PATH. Only the reference is stored."
)
@click.option("--credential-header", default="authorization", show_default=True, help="Header field that carries it.")
@click.option("--credential-scheme", default="Bearer", show_default=True, help="Word before it; empty for none.")
@click.option(
    "--env", "env", multiple=True, metavar="NAME=VALUE", help="Variable for the program; VALUE may be env:NAME or file:/PATH."
)
@click.option("--cwd", type=click.Path(file_okay=False, resolve_path=True), help="Directory in which the program starts.")
@click.option("--look/--no-look", default=True, help="Ask it for its tools at once.  [default: look]")
@click.pass_context
def add(ctx: click.Context, /, name: str, url: str | None, program: str | None, **options: Any) -> None:
    """Add a server: one at a URL, one that the host lists, or a program, which this command puts on the host's list.

    A well-known server needs its name only: see `yett server known`.
    """
    from yett.admin.views import NewServer
    from yett.app.control import connect
    from yett.stores.commands import Command

    context, argv = ctx.ensure_object(CliContext), ctx.meta.get("argv", ())
    env, cwd, transport = options.pop("env"), options.pop("cwd"), options.pop("transport")
    if url is None and program is None and not argv:
        url, transport = _known_target(name, transport)
    _check_target(url, program, argv)
    if transport is not None and url is None:
        raise click.UsageError("--transport goes with --url; a program speaks stdio", ctx)
    if (env or cwd) and not argv:
        raise click.UsageError("--env and --cwd go with a program: yett server add NAME -- PROGRAM ARG…", ctx)
    for word in (*argv, cwd or ""):
        if not is_utf8(word):
            raise click.UsageError(
                f"`{word}` is not UTF-8, as the host's list of programs is; rename it, or start it by a script"
            )
    with waiting(context, f"adding `{name}`, and asking it for its tools"), connect(context.settings) as control:
        if argv:
            new = NewServer(name=name, command=name, **options)
            changed = _add_program(context, control, new, Command(argv=_absolute(argv, cwd), env=_variables(env), cwd=cwd))
        else:
            changed = control.add_server(NewServer(name=name, url=url, transport=transport or "http", command=program, **options))
    tell_change(context, changed, f"the server `{changed.server.name}` is added")


def _known_target(name: str, transport: str | None) -> tuple[str | None, str | None]:
    """Where the well-known server of this name is, and what it speaks; nothing, if there is none."""
    from yett.admin.picker import find_known

    found = find_known(name)
    if found is None:
        return None, transport
    if found.url is None:
        raise click.UsageError(f"`{name}` is a program; add it with: {found.command}")
    return found.url, transport or found.transport


def _check_target(url: str | None, program: str | None, argv: tuple[str, ...]) -> None:
    given = sum(bool(target) for target in (url, program, argv))
    if given != 1:
        raise click.UsageError("say where the server is: --url URL, --command NAME, or -- PROGRAM ARG…")


def _add_program(context: CliContext, control: Control, new: NewServer, program: Command) -> ServerChanged:
    """Put the program on the host's list and add the server; the list is as it was if that is refused."""
    from yett.admin.checks import check_name
    from yett.admin.errors import AdminFault
    from yett.stores.commands import add_command, read_commands, remove_command

    name = check_name("server", new.name)
    directory = context.settings.state_dir
    if name in context.settings.servers.commands:
        raise CommandError(f"the configuration file lists a command `{name}` already; use `--command {name}`, or another name")
    before = read_commands(directory).get(name)
    add_command(directory, name, program)
    try:
        return control.add_server(new)
    except AdminFault:
        if before is None:
            remove_command(directory, name)
        else:
            add_command(directory, name, before)
        raise
    except BaseException:
        # Whether the server was added is not known. A program that the list had before must not be replaced by that.
        if before is not None:
            add_command(directory, name, before)
        raise


def _absolute(argv: tuple[str, ...], cwd: str | None) -> tuple[str, ...]:
    """`argv` with a program that is found from anywhere: the gateway starts it, from elsewhere and perhaps with another PATH."""
    import shutil
    from pathlib import Path

    program = argv[0]
    if "/" in program:
        found = str((Path(cwd or ".") / program).absolute())
        if not Path(found).exists():
            tell_note(f"there is no `{found}` yet")
        return (found, *argv[1:])
    if shutil.which(program) is None:
        tell_note(f"`{program}` is not on the PATH here; it must be on the gateway's")
    return argv


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise click.UsageError(f"`{name}` is no variable: write NAME=VALUE")
        variables[name] = value
    return variables


@command.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List the servers."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        servers = control.servers()
    if context.json:
        print_json([asdict(server) for server in servers])
        return
    rows = [(server.name, _target(server), server.grants, _health(server.health), server.created_at) for server in servers]
    headings = ("NAME", "TARGET", "GRANTS", "HEALTH", "ADDED")
    print_table(context, headings, rows, empty="no servers yet; add one with `yett server add`")


@command.command("show")
@click.argument("name")
@pass_context
def show(context: CliContext, name: str) -> None:
    """Show one server."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        server, steps = control.server(name), control.server_steps(name)
    if context.json:
        print_json(asdict(server))
        return
    fields: list[tuple[str, object]] = [("name", server.name), ("id", server.id), ("target", _target(server))]
    fields += [("endpoint", server.endpoint), ("by id", server.endpoint_by_id)]
    fields += [("notes", server.notes)] if server.notes else []
    if server.health is not None:
        fields.append(("health", f"{server.health.problem or 'well'}; asked {server.health.at}"))
    if server.credential is not None:
        fields.append(("credential", f"{server.credential} as `{server.credential_header}` {server.credential_scheme}".rstrip()))
    fields += [("live grants", server.grants), ("added", server.created_at), ("revision", server.revision)]
    fields += [("next", step.next) for step in steps.items if step.next is not None][:1]
    print_fields(context, fields)


@command.command("remove")
@click.argument("name")
@click.option("--with-grants", is_flag=True, help="Revoke its live grants too.")
@pass_context
def remove(context: CliContext, name: str, with_grants: bool) -> None:
    """Remove a server."""
    from yett.app.control import connect
    from yett.stores.commands import remove_command

    with connect(context.settings) as control:
        changed = control.remove_server(name, with_grants=with_grants)
        program = changed.server.command
        if program is not None and all(server.command != program for server in control.servers()):
            remove_command(context.settings.state_dir, program)
    tell_change(context, changed, f"the server `{changed.server.name}` is removed")


def _health(health: HealthView | None) -> str:
    if health is None:
        return "-"
    return "well" if health.problem is None else "unwell"


def _target(server: ServerView) -> str:
    if server.url is None:
        return f"command {server.command}"
    return f"{server.url} (sse)" if server.transport == "sse" else server.url
