"""`yett`: the table of commands. A command's module is imported when it runs, not before: start-up stays under 0.25 s."""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from yett import __version__
from yett.cli.context import CliContext
from yett.cli.output import CommandError, Exit, is_utf8, print_error
from yett.errors import YettError

Row = tuple[str, str]
"""Where a command stands (`module:attribute`, or `module:attribute.key` in a list or mapping of commands), and its help."""

COMMANDS: Final[Mapping[str, Row]] = {
    "up": ("yett.cli.up:command", "Start the gateway: data plane and control plane."),
    "down": ("yett.cli.down:command", "End the gateway, also one in the background."),
    "run": ("yett.cli.run:command", "Put one stdio server behind a policy, without a gateway."),
    "pins": ("yett.cli.pins:command", "What tools behind `yett run` were accepted as."),
    "connect": ("yett.cli.connect:command", "Bridge a stdio-only client to a server of the gateway."),
    "demo": ("yett.cli.demo:command", "Show the gate at work, with a real server and a real client."),
    "server": ("yett.cli.server:command", "Add, list, show and remove servers."),
    "grant": ("yett.cli.grant:command", "Mint, list, edit, rotate and revoke grants, or ask for one."),
    "policy": ("yett.cli.main:policy", "Check, test, explain, publish policies."),
    "catalog": ("yett.cli.catalog:command", "Classify tools by the worst that a call can do."),
    "scan": ("yett.cli.scan:command", "Find the MCP servers of a repository and of this user's clients."),
    "wrap": ("yett.cli.wrap:command", "Have the servers of this user's clients go through Yett."),
    "unwrap": ("yett.cli.unwrap:command", "Put entries of clients back as they were."),
    "precheck": ("yett.cli.precheck:command", "Say whether to connect a server, before anybody does."),
    "mcp": ("yett.cli.mcp:command", "Serve what is known of MCP servers and tools, as an MCP server."),
    "issuer": ("yett.cli.issuer:command", "Take access tokens (OAuth) beside the tokens of grants."),
    "secrets": ("yett.cli.secrets:command", "Show and rotate the master key that seals credentials."),
    "member": ("yett.cli.member:command", "List, invite and remove the people who administer this."),
    "token": ("yett.cli.token:command", "Make, list and revoke API tokens."),
    "webhook": ("yett.cli.webhook:command", "Tell programs elsewhere how servers change."),
    "org": ("yett.cli.org:command", "List and add organisations."),
    "link": ("yett.cli.link:command", "Print a link for the first admin, or for a lost password."),
    "apply": ("yett.cli.apply:apply", "Make servers, policies and grants as a directory says."),
    "export": ("yett.cli.apply:export", "Write servers, policies and grants to a directory."),
    "stop": ("yett.cli.stop:stop", "Refuse every call of a grant, to a server, or all, at once."),
    "resume": ("yett.cli.stop:resume", "Let go on what was stopped."),
    "approvals": ("yett.cli.approvals:command", "Decide on calls that wait for a person."),
    "limits": ("yett.cli.limits:command", "Show and reset the counters of limits."),
    "log": ("yett.cli.log:command", "Show the decision log."),
    "status": ("yett.cli.status:command", "Show health, traffic and limits near full."),
    "doctor": ("yett.cli.doctor:command", "Look for what is wrong with this installation."),
    "backup": ("yett.cli.backup:backup", "Copy what this installation remembers into one file."),
    "restore": ("yett.cli.backup:restore", "Put back what a backup holds."),
    "completion": ("yett.cli.completion:command", "Print the completion script of a shell."),
}
POLICY_COMMANDS: Final[Mapping[str, Row]] = {
    "check": ("yett.cli.policy_files:commands.check", "Report every error of a policy file."),
    "fmt": ("yett.cli.policy_files:commands.fmt", "Rewrite a policy file in canonical form."),
    "lint": ("yett.cli.policy_files:commands.lint", "Warn about what a policy file surely does not mean."),
    "test": ("yett.cli.policy_files:commands.test", "Run scenario files."),
    "explain": ("yett.cli.policy_files:commands.explain", "Show each step of judging one call."),
    "suggest": ("yett.cli.policy_suggest:suggest", "Print a recommended policy for a server's tools."),
    "schema": ("yett.cli.policy_files:commands.schema", "Print the JSON Schema of policies, for editors."),
    "set": ("yett.cli.policy_store:commands.set", "Publish a policy file under a name."),
    "list": ("yett.cli.policy_store:commands.list", "List the policies."),
    "show": ("yett.cli.policy_store:commands.show", "Show a policy, one revision of it, or its history."),
    "diff": ("yett.cli.policy_revisions:commands.diff", "Show how two revisions differ."),
    "restore": ("yett.cli.policy_revisions:commands.restore", "Make an old text the newest."),
    "publish": ("yett.cli.policy_revisions:commands.publish", "Have a revision judge."),
    "unpublish": ("yett.cli.policy_revisions:commands.unpublish", "Have no revision judge."),
    "attach": ("yett.cli.policy_uses:commands.attach", "Let a policy judge the calls of grants."),
    "detach": ("yett.cli.policy_uses:commands.detach", "Take a policy away from grants."),
    "uses": ("yett.cli.policy_uses:commands.uses", "List the grants that have a policy."),
    "edit": ("yett.cli.policy_uses:commands.edit", "Rename a policy, or bind it to a server."),
    "remove": ("yett.cli.policy_uses:commands.remove", "Remove a policy that no grant has."),
}


class LazyGroup(click.Group):
    """A group whose members are rows of a table until one of them is asked for."""

    def __init__(self, *, table: Mapping[str, Row], **keywords: Any) -> None:
        super().__init__(**keywords)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = self._table.get(cmd_name)
        if row is None:
            return None
        command = _load(row[0])
        _add_common_options(command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self._table and not name.startswith("-"):
            near = difflib.get_close_matches(name, self._table, n=1, cutoff=0.5)
            hint = f", did you mean `{near[0]}`?" if near else f"; `{ctx.command_path} --help` lists them"
            raise click.UsageError(f"no such command `{name}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in self._table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table alone: importing every command for one key press would be felt."""
        names = [
            CompletionItem(name, help=help_line) for name, (_, help_line) in self._table.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _load(target: str) -> click.Command:
    """The command at `module:attribute` or `module:attribute.key`."""
    module, _, path = target.partition(":")
    attribute, _, key = path.partition(".")
    found: Any = getattr(importlib.import_module(module), attribute)
    if key:
        members: Mapping[str, Any] = found if isinstance(found, Mapping) else {member.name: member for member in found}
        found = members[key]
    assert isinstance(found, click.Command)
    return found


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(CliContext).json = True


def _set_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(CliContext).config = value


def _common_options() -> list[click.Option]:
    """Options that every command takes, before and after its name."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            expose_value=False,
            callback=_set_config,
            help="Configuration file.",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_set_json,
            help="Print data and errors as JSON.",
        ),
    ]


class Text(click.ParamType[str]):
    """A word that came as UTF-8. What did not can be nobody's name: neither a database nor JSON can hold it."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text: str = click.STRING.convert(value, param, ctx)
        if not is_utf8(text):
            self.fail(f"`{text}` is not UTF-8; write it in UTF-8", param, ctx)
        return text


TEXT: Final = Text()


def _add_common_options(command: click.Command) -> None:
    """Give `command` and everything below it the common options it does not have, and text for every word of it."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = TEXT
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(option for option in _common_options() if taken.isdisjoint(option.opts))
    if isinstance(command, click.Group) and not isinstance(command, LazyGroup):
        for member in command.commands.values():
            _add_common_options(member)
            member.short_help = member.short_help or _first_sentence(member.help or "")


def _first_sentence(help_text: str) -> str:
    """For the list of commands, whole: the library would cut it off."""
    words = " ".join(help_text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=\.) ", words, maxsplit=1)[0]


_STYLE: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

policy = LazyGroup(table=POLICY_COMMANDS, name="policy", help="Check, test, explain, publish policies.", context_settings=_STYLE)
cli = LazyGroup(
    table=COMMANDS,
    name="yett",
    help="Yett: the gate in front of your MCP servers.",
    context_settings=_STYLE,
    params=[*_common_options()],
)
click.version_option(__version__, prog_name="yett", message="%(prog)s %(version)s")(cli)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status. Errors are one line on stderr, never a traceback, unless they are bugs."""
    _fill_missing_streams()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    context = CliContext(json=_asks_for_json(arguments))
    try:
        status = cli.main(args=list(arguments), prog_name="yett", standalone_mode=False, obj=context)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except click.UsageError as error:
        return print_error(context, CommandError(_usage(error), exit_code=Exit.USAGE, code="usage"))
    except click.ClickException as error:
        return print_error(context, CommandError(error.format_message(), exit_code=Exit.USAGE, code="usage"))
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except YettError as error:
        return print_error(context, error)
    return status if isinstance(status, int) else Exit.OK


def _fill_missing_streams() -> None:
    """Open /dev/null where stdin, stdout or stderr is closed: what is opened next would take its number, be written to in its
    place, and end the process, since the event loop never closes these three."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether errors of the command line itself, found before it is read whole, are to be JSON."""
    ours = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return "--json" in ours


def _usage(error: click.UsageError) -> str:
    """click's sentence in our style, with where to read on."""
    text = " ".join(error.format_message().split()).rstrip(".")  # click lists choices one a line
    text = text[:1].lower() + text[1:]
    guess = "did you mean" in text.lower()
    if error.ctx is not None and not guess and "--help" not in text:
        text = f"{text}; see `{error.ctx.command_path} --help`"
    return text


if __name__ == "__main__":
    sys.exit(main())
