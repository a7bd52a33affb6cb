"""`yett policy explain`: one call, and each step of judging it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json
from yett.cli.policy_source import FILES, errors_as_json, read_source, yaml_option

if TYPE_CHECKING:
    from yett.policy.compile import CompiledPolicy
    from yett.policy.decision import Call, Facts, ToolFacts
    from yett.policy.explain import Explanation, Row
    from yett.policy.json_value import JsonObject, JsonValue
    from yett.quota.charge import Usage

SERVER: Final = "server"
ORGANISATION: Final = "organisation"


@dataclass(frozen=True)
class Question:
    """What is asked, as the options say it."""

    call: str | None
    tool: str | None
    resource: str | None
    prompt: str | None
    arguments: str
    grant: str
    label: str | None
    owner: str | None
    tags: tuple[str, ...]
    session: str | None
    server: str
    client_ip: str | None
    at: str | None
    risk: str | None
    tools: Path | None
    changed: bool
    approved: bool
    used: tuple[str, ...]


@click.command("explain")
@click.argument("file", type=FILES)
@click.option("--call", metavar="JSON", help='The call, as `{"name": ..., "arguments": {...}}`.')
@click.option("--tool", metavar="NAME", help="The tool that is called.")
@click.option("--resource", metavar="URI", help="The resource that is read, instead of a tool.")
@click.option("--prompt", metavar="NAME", help="The prompt that is asked for, instead of a tool.")
@click.option("--arguments", metavar="JSON", default="{}", help="The arguments of the tool or prompt.")
@click.option("--grant", default="g1", show_default=True, help="Id of the grant that calls.")
@click.option("--label", help="Its label; default: its id.")
@click.option("--owner", help="Its owner.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="One of its tags.")
@click.option("--session", help="The session; without one, the grant stands for it.")
@click.option("--server", default=SERVER, show_default=True, help="Name of the server.")
@click.option("--client-ip", metavar="ADDRESS", help="Where the call comes from; without it, that cannot be determined.")
@click.option("--at", metavar="WHEN", help="When, as 2027-01-31T12:00:00Z; default: now.")
@click.option("--risk", metavar="CLASS", help="The tool's catalogue class; default: it has none.")
@click.option("--tools", type=FILES, metavar="FILE", help="The answer of tools/list, for input schemas and unknown tools.")
@click.option("--changed", is_flag=True, help="The tool changed since it was approved.")
@click.option("--approved", is_flag=True, help="People have approved this very call.")
@click.option("--used", multiple=True, metavar="COUNTER=AMOUNT", help="What a counter holds already; default: nothing.")
@click.option("--mask", is_flag=True, help="Show types in the place of arguments' values.")
@yaml_option
@pass_context
def explain(context: CliContext, /, file: Path, mask: bool, yaml: bool, **options: Any) -> int:
    """Print every step of judging one call by the policy in FILE.

    Nothing is called, and no counter is touched. Exit status 0 where the call would be forwarded, 4 where not.
    """
    policy = _compiled(file, yaml=yaml)
    question = Question(**options)
    explanation = _explanation(policy, question)
    if context.json:
        print_json(_as_json(explanation, mask=mask))
    else:
        for line in _as_text(explanation, mask=mask):
            click.echo(line, color=context.color())
    return Exit.OK if explanation.decision.effect.forwards else Exit.REFUSED


def _compiled(file: Path, *, yaml: bool) -> CompiledPolicy:
    from yett.policy.compile import compile_policy
    from yett.policy.errors import PolicyErrors

    source = read_source(file, yaml=yaml)
    try:
        return compile_policy(source.policy())
    except PolicyErrors as refused:
        details = errors_as_json(source, refused.errors)
        message = f"{source.label} is no policy; `yett policy check` shows where"
        raise CommandError(message, code="policy", details=details) from None


def _explanation(policy: CompiledPolicy, question: Question) -> Explanation:
    from yett.lab.scenario import parse_moment
    from yett.policy.explain import explain as explain_call

    call = _call(question)
    facts = _facts(question, call)
    now_ns = time.time_ns() if question.at is None else parse_moment(question.at)
    if now_ns is None:
        raise click.UsageError(f"`{question.at}` is no moment: write it as 2027-01-31T12:00:00Z")
    return explain_call(policy, call, facts, _usage(policy, call, facts, question.used, now_ns), now_ns)


# --- what is asked --------------------------------------------------------------------------------------------------------------


def _call(question: Question) -> Call:
    from yett.policy.decision import Call, Surface

    asked = {"call": question.call, "tool": question.tool, "resource": question.resource, "prompt": question.prompt}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) != 1:
        raise click.UsageError("name one of `--call`, `--tool`, `--resource` and `--prompt`")
    if question.resource is not None:
        return Call(Surface.RESOURCE, question.resource, {"uri": question.resource})
    if question.prompt is not None:
        return Call(Surface.PROMPT, question.prompt, _object("--arguments", question.arguments))
    if question.tool is not None:
        return Call(Surface.TOOL, question.tool, _object("--arguments", question.arguments))
    call = _object("--call", question.call or "")
    name, arguments = call.get("name"), call.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict) or call.keys() - {"name", "arguments"}:
        raise click.UsageError('`--call` takes `{"name": ..., "arguments": {...}}`')
    return Call(Surface.TOOL, name, arguments)


def _object(option: str, text: str) -> JsonObject:
    from yett.policy.document import read_json
    from yett.policy.errors import PolicyErrors

    try:
        value: JsonValue = read_json(text.encode("utf-8", "surrogateescape"))
    except PolicyErrors as refused:
        raise click.UsageError(f"`{option}`: {refused.errors[0].message}") from refused
    if not isinstance(value, dict):
        raise click.UsageError(f"`{option}` takes a JSON object")
    return value


def _facts(question: Question, call: Call) -> Facts:
    from yett.policy.decision import Facts, Grant

    tags = dict(_pair("--tag", pair, "KEY=VALUE") for pair in question.tags)
    label = question.grant if question.label is None else question.label
    return Facts(
        organisation=ORGANISATION,
        server_id=question.server,
        server_name=question.server,
        grant=Grant(question.grant, label, question.owner, tags),
        session=question.session,
        client_ip=question.client_ip,
        tool=_tool(question, call),
        approved=question.approved,
    )


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise click.UsageError(f"`{option}` takes {form}, not `{text}`")
    return key, value


def _tool(question: Question, call: Call) -> ToolFacts:
    from yett.cli.policy_lint import read_tools
    from yett.policy.arguments import compile_check
    from yett.policy.decision import Surface, ToolFacts
    from yett.policy.errors import nearest
    from yett.policy.vocabulary import RISK_CLASSES

    if question.risk is not None and question.risk not in RISK_CLASSES:
        raise click.UsageError(f"`{question.risk}` is no risk class; {nearest(question.risk, RISK_CLASSES)}")
    if question.tools is None or call.surface is not Surface.TOOL:
        return ToolFacts(changed=question.changed, risk=question.risk)
    tool = next((tool for tool in read_tools(question.tools) if tool.name == call.name), None)
    schema = None if tool is None else tool.input_schema
    check = compile_check(schema) if isinstance(schema, dict) else None
    return ToolFacts(known=tool is not None, changed=question.changed, risk=question.risk, check=check)


def _usage(policy: CompiledPolicy, call: Call, facts: Facts, used: tuple[str, ...], now_ns: int) -> Usage:
    """The counters of the call's limits, filled as the options say."""
    from decimal import Decimal, InvalidOperation

    from yett.policy.evaluate import counter_key

    keys = {counter_key(limit, facts) for limit in policy.plan(call.surface, call.name, facts.tool.risk).limits}
    usage = {}
    for text in used:
        name, amount = _pair("--used", text, "COUNTER=AMOUNT")
        named = [key for key in keys if key.name == name]
        if not named:
            known = ", ".join(sorted(f"`{key.name}`" for key in keys)) or "none"
            raise click.UsageError(f"no limit of this call has a counter `{name}`; counters are: {known}")
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value < 0:
            raise click.UsageError(f"`{amount}` is no amount: write a number of at least 0")
        usage.update({key: {key.window.bucket(now_ns): value} for key in named})
    return usage


# --- what is told ---------------------------------------------------------------------------------------------------------------

_COLOURS: Final = {
    "passes": "green",
    "approved": "green",
    "denies": "red",
    "asks": "yellow",
    "would deny": "magenta",
    "would ask": "magenta",
    "TRUE": "green",
    "FALSE": "red",
    "ABSENT": "cyan",
    "ILL": "yellow",
    "allow": "green",
    "deny": "red",
    "approval": "yellow",
    "would_deny": "magenta",
    "would_ask": "magenta",
}


def _coloured(word: str, width: int = 0) -> str:
    return click.style(word.ljust(width), fg=_COLOURS[word], bold=True)


def _as_text(explanation: Explanation, *, mask: bool) -> Iterator[str]:
    rows = explanation.rows(mask=mask)
    width = max((len(row.came.value) for row in rows), default=0)
    for row in rows:
        yield from _row_lines(row, width)
    decision = explanation.decision
    yield ""
    code = f"  {decision.code.value}" if decision.code is not None else ""
    rule = f"  by {plain(decision.rule)}" if decision.rule is not None else ""
    yield f"{_coloured(decision.effect.value)}{code}{rule}"
    if decision.message is not None:
        yield f"  {plain(decision.message)}"
    if decision.retry_after_s is not None:
        yield f"  retry after {decision.retry_after_s} s"
    for ask in decision.asks:
        who = ", ".join(ask.approvers) or "any admin or policy_manager"
        yield f"  {ask.quorum} of: {plain(who)}; within {ask.timeout_s} s; for {plain(ask.rule)}"


def _row_lines(row: Row, width: int) -> Iterator[str]:
    what = plain(row.rule) if row.rule is not None and not row.rule.startswith("(") else row.name
    result = "" if row.result in {"passes", *_COLOURS} else f"  {plain(row.result)}"
    yield f"{row.number:>2}  {_coloured(row.came.value, width)}  {what}{result}"
    indent = " " * (4 + width + 2)
    for line in row.lines:
        values = f"  ← {plain(line.values)}" if line.values else ""
        yield f"{indent}{'  ' * line.depth}{_coloured(line.outcome, 6)}  {plain(line.text)}{values}"


def _as_json(explanation: Explanation, *, mask: bool) -> dict[str, object]:
    from yett.lab.scenario_report import decision_as_json

    return {
        **decision_as_json(explanation.decision),
        "steps": [
            {
                "step": row.number,
                "name": row.name,
                "rule": row.rule,
                "came": row.came.value,
                "result": row.result,
                "conditions": [
                    {"depth": line.depth, "condition": line.text, "outcome": line.outcome, "values": line.values}
                    for line in row.lines
                ],
            }
            for row in explanation.rows(mask=mask)
        ],
    }
