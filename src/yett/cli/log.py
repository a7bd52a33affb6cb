"""`yett log`: what was decided, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.audit.clip import REDACTION
from yett.cli.context import CliContext, pass_context
from yett.cli.output import BELOW, local_time, plain, print_json_line, print_table, say

if TYPE_CHECKING:
    from rich.text import Text

    from yett.stores.state_reader import LogEntry, LogFilter

DECISIONS: Final = ("allow", "deny", "approval", "would_deny", "would_ask", "refused")
COLORS: Final = {
    **{"allow": "green", "deny": "red", "approval": "yellow"},
    **{"would_deny": "yellow", "would_ask": "yellow", "refused": "magenta", "event": "cyan"},
}
HEADINGS: Final = ("TIME", "DECISION", "GRANT", "CALL", "OUTCOME", "WHY")
WHOLE: Final = ("TIME", "DECISION")
WIDTHS: Final = (14, 10, 16, 32, 16)
"""Columns of a followed log, which has no table to fit itself to; the last takes what it needs."""
NARROW: Final = (14, 10, 14, 22, 12)
"""The same where the terminal has fewer than `NARROW_BELOW` columns; the last is a line of its own then."""
NARROW_BELOW: Final = 120
LOCAL: Final = "local:"
"""How the ids of grants of `yett run` begin; the label follows."""
LIMIT: Final = 50
LIMIT_MAX: Final = 1_000_000
MOMENT_MAX_NS: Final = 2**63 - 1
"""The last moment that the log can hold, in the year 2262."""
FILE_POLL_S: Final = 0.25
_SPAN: Final = re.compile(r"(\d{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[int]):
    """A moment in the past: `90s`, `10m`, `2h`, `7d` ago, a day, or RFC 3339. Becomes nanoseconds since the epoch."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from yett.app.clock import SystemClock

        if isinstance(value, int):
            return value
        span = _SPAN.fullmatch(value)
        try:
            if span is not None:
                ago = timedelta(**{_UNITS[span[2]]: int(span[1])})
                return max(0, SystemClock().now_ns() - int(ago.total_seconds()) * 1_000_000_000)
            moment = datetime.fromisoformat(value).astimezone(UTC)  # without an offset: local time
            return min(max(0, int(moment.timestamp()) * 1_000_000_000), MOMENT_MAX_NS)
        except (ValueError, OverflowError):
            self.fail(f"`{value}` is no moment: write 90s, 10m, 2h, 7d, 2027-01-31 or 2027-01-31T12:00:00Z", param, ctx)


@click.command("log")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option("--grant", metavar="ID|LABEL", help="Only this grant.")
@click.option("--server", metavar="NAME", help="Only this server.")
@click.option("--tool", metavar="NAME", help="Only this tool, resource URI or prompt.")
@click.option("--decision", type=click.Choice(DECISIONS, case_sensitive=False), help="Only this decision.")
@click.option("--code", metavar="CODE", help="Only this reason code, such as limit_exceeded.")
@click.option("--since", "since_ns", type=Moment(), help="Only since then: 10m, 2h, 7d, a day or a moment.")
@click.option("--stream", type=click.Choice(("calls", "security", "events"), case_sensitive=False), help="Only this stream.")
@click.option(
    "--limit", type=click.IntRange(0, LIMIT_MAX), default=LIMIT, show_default=True, help="Newest entries to begin with."
)
@pass_context
def command(context: CliContext, /, follow: bool, limit: int, stream: str | None, **wanted: Any) -> None:
    """Show the decision log: judged calls, requests refused before that, resets of limits. JSON is one line an entry."""
    from yett.stores.state_file import STATE_FILE
    from yett.stores.state_reader import LogFilter, Stream

    path = context.settings.state_dir / STATE_FILE
    grant_id = Labels(context.settings.state_dir).id_of(wanted["grant"]) if wanted["grant"] else None
    wanted_entries = LogFilter(stream=Stream(stream) if stream else None, grant_id=grant_id, **wanted)
    if follow:
        _follow(context, path, wanted_entries, limit)
    elif path.exists():
        _show(context, path, wanted_entries, limit)
    else:
        say("nothing has been recorded yet")


def _show(context: CliContext, path: Path, wanted: LogFilter, limit: int) -> None:
    from yett.stores.state_reader import StateReader

    labels = Labels(path.parent)
    with StateReader(path) as reader:
        entries = [labels.put_into(entry) for entry in reader.entries(wanted, limit)]
    if context.json:
        for entry in entries:
            print_json_line(as_json(entry))
    else:
        print_table(context, HEADINGS, map(_table_row, entries), empty="nothing in the log fits", whole=WHOLE, below=HEADINGS[-1])


def _follow(context: CliContext, path: Path, wanted: LogFilter, limit: int) -> None:
    labels = Labels(path.parent)
    narrow = not context.json and context.console().width < NARROW_BELOW
    for entry in map(labels.put_into, _followed(path, wanted, limit)):
        if context.json:
            print_json_line(as_json(entry))
        else:
            click.echo(_line(entry, narrow=narrow), color=context.color())


def _line(entry: LogEntry, *, narrow: bool) -> str:
    """An entry on one line, or on two where the terminal is narrow."""
    *cells, why = map(plain, cells_of(entry))
    padded = [_fitted(cell, width) for cell, width in zip(cells, NARROW if narrow else WIDTHS, strict=True)]
    padded[1] = click.style(padded[1], fg=COLORS.get(cells[1]))
    line = "  ".join(padded)
    if not narrow:
        return f"{line}  {why}".rstrip()
    return f"{line.rstrip()}\n{BELOW}{why}" if why else line.rstrip()


def _fitted(text: str, width: int) -> str:
    return f"{text:<{width}}" if len(text) <= width else f"{text[: width - 1]}…"


def _followed(path: Path, wanted: LogFilter, limit: int) -> Iterator[LogEntry]:
    """The newest entries, then what comes. Waits for a log that does not exist yet."""
    import time
    from dataclasses import replace

    from yett.stores.state_reader import StateReader

    while not path.exists():
        time.sleep(FILE_POLL_S)
    with StateReader(path) as reader:
        after = reader.newest()
        yield from (entry for entry in reader.entries(wanted, limit) if entry.seq <= after)
        yield from reader.follow(replace(wanted, after=after))


class Labels:
    """The labels of grants, for requests that were refused: their records hold the id alone."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._known: dict[str, str | None] = {}

    def put_into(self, entry: LogEntry) -> LogEntry:
        """`entry` with its grant's label, where that is known."""
        from dataclasses import replace

        if entry.grant_id is None or entry.grant_label is not None:
            return entry
        return replace(entry, grant_label=self._of(entry.grant_id))

    def id_of(self, label: str) -> str | None:
        """The id of the live grant with this label."""
        return next((grant_id for grant_id, its_label in self._live().items() if its_label == label), None)

    def _of(self, grant_id: str) -> str | None:
        if grant_id.startswith(LOCAL):
            return grant_id.removeprefix(LOCAL)
        if grant_id not in self._known:  # it may have been minted since
            self._known = {grant_id: None, **self._live()}
        return self._known[grant_id]

    def _live(self) -> dict[str, str]:
        """Those of the live grants, as the control plane last said; none where that cannot be read."""
        from yett.errors import OperatorFault
        from yett.gateway.feed import SNAPSHOT_FILE, load_snapshot

        try:
            snapshot = load_snapshot(self._state_dir / SNAPSHOT_FILE)
        except OperatorFault:
            return {}
        return {grant.id: grant.label for grant in snapshot.grants if grant.label} if snapshot is not None else {}


def as_json(entry: LogEntry) -> dict[str, Any]:
    """An entry for machines: stable names, times as RFC 3339."""
    common = asdict(entry)
    more, outcome = common.pop("more"), common.pop("outcome")
    line = {
        "seq": common.pop("seq"),
        "time": _rfc3339(common.pop("at_ns")),
        "stream": common.pop("stream").value,
        **common,
        **more,
    }
    if entry.stream.value == "calls":
        line["redaction"] = REDACTION
        if outcome is not None:
            outcome["ended"] = _rfc3339(outcome.pop("ended_ns"))
        line["outcome"] = outcome
    else:
        line = {name: value for name, value in line.items() if value is not None}
    return line


CALL: Final = "tools/call"
"""The method that goes without saying."""


def cells_of(entry: LogEntry) -> tuple[str, ...]:
    """An entry for people, by `HEADINGS`."""
    detail = entry.more.get("detail", {})
    server, target, method = entry.server or detail.get("server", "-"), entry.target, entry.more.get("method", CALL)
    target = target or detail.get("target")
    if target and method != CALL:
        target = f"{method} {target}"
    if target and entry.more.get("task"):
        target = f"{target} (task {entry.more['task']})"
    return (
        local_time(entry.at_ns),
        entry.decision or "event",
        entry.grant_label or entry.grant_id or "-",
        # The grant of a local run is called as its server is: once is enough.
        (target if server == entry.grant_label else f"{server}: {target}") if target else server,
        _outcome(entry),
        _why(entry),
    )


def _table_row(entry: LogEntry) -> tuple[str | Text, ...]:
    from rich.text import Text

    cells = cells_of(entry)
    return cells[0], Text(cells[1], style=COLORS.get(cells[1], "")), *cells[2:]


def _outcome(entry: LogEntry) -> str:
    outcome = entry.outcome
    if outcome is None:
        return "unknown" if entry.decision in {"allow", "would_deny", "would_ask"} else ""
    code = outcome.rpc_code if outcome.result == "rpc_error" else outcome.http_status if outcome.result == "http_error" else None
    return f"{outcome.result}{'' if code is None else f' {code}'} {outcome.latency_us / 1_000:.1f} ms"


def _why(entry: LogEntry) -> str:
    if entry.stream.value == "security":
        return f"{entry.code}: {entry.message}"
    if entry.stream.value == "events":
        detail = entry.more["detail"]
        about = detail.get("approval") or detail.get("exemption") or detail.get("counter") or detail.get("fault") or ""
        reason = detail.get("reason") or detail.get("why")
        return f"{entry.code} by {detail.get('approver') or entry.more['actor']}: {about}" + (f" ({reason})" if reason else "")
    return " ".join(part for part in (entry.code, entry.rule, entry.more.get("consent")) if part)


def _rfc3339(at_ns: int) -> str:
    seconds, nanoseconds = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1_000:06d}Z"
