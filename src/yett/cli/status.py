"""`yett status`: is the gateway ready, what goes through it, which limits are near full."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import Exit, plain, print_fields, print_json, print_table

if TYPE_CHECKING:
    from yett.admin.views import StatusView
    from yett.settings import Settings
    from yett.stores.state_figures import CounterFigures, Traffic

MINUTES: Final = 5
CONNECT_S: Final = 2.0
ANSWER_BYTES_MAX: Final = 100_000
COLORS: Final = {"ready": "green", "not ready": "red", "not running": "yellow"}


@dataclass(frozen=True, slots=True)
class Health:
    """What the data plane says of itself at `/readyz`."""

    url: str
    status: str
    """`ready`, `not ready` or `not running`."""
    revision: int | None = None
    problems: tuple[str, ...] = ()


@click.command("status")
@click.option("--minutes", type=click.IntRange(1, 24 * 60), default=MINUTES, show_default=True, help="How far to look back.")
@pass_context
def command(context: CliContext, /, minutes: int) -> int:
    """Show the gateway's health, the traffic of the last minutes, and limits near full. Exits with 1 unless it is ready."""
    health = ask(context.settings)
    control = _control(context.settings)
    unwell = [] if control is None else control.unwell
    traffic, near = _figures(context.settings, minutes * 60)
    if context.json:
        print_json({**_as_json(health, traffic, near), "unwell_servers": unwell})
    else:
        _print(context, health, traffic, near)
        if unwell:
            click.echo()
            click.echo(f"not well: {plain(', '.join(unwell))}; `yett server show NAME` says why")
    return Exit.OK if health.status == "ready" else Exit.FAILED


def ask(settings: Settings) -> Health:
    """Ask the data plane how it is."""
    import http.client

    from yett.admin.remote import connection_to
    from yett.app.address import own_certificate, reachable, scheme_of, url_of

    host, port = _listening(settings)
    url = url_of(host, port, scheme_of(settings))
    connection = connection_to(reachable(host), port, own_certificate(settings), timeout_s=CONNECT_S)
    try:
        connection.request("GET", "/readyz")
        return _health(url, connection.getresponse().read(ANSWER_BYTES_MAX))
    except OSError as error:
        return Health(url, "not running", problems=(f"nothing answers there: {error.strerror or error}",))
    except (http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        return Health(url, "not running", problems=(f"another program answers there ({type(error).__name__})",))
    finally:
        connection.close()


def _health(url: str, body: bytes) -> Health:
    """What a data plane says. Raises one of four errors where that is none: anything may answer at a port."""
    import json

    answer = json.loads(body)
    status, revision = answer["status"], answer.get("revision")
    if status not in {"ready", "not ready"} or not isinstance(revision, int | None):
        raise ValueError(status)
    return Health(url, status, revision, tuple(map(str, answer.get("problems", ()))))


def _listening(settings: Settings) -> tuple[str, int]:
    """Host and port of the data plane. Where the settings leave the port free, the control plane knows it."""
    if settings.data_plane.port:
        return settings.data_plane.host, settings.data_plane.port
    from urllib.parse import urlsplit

    status = _control(settings)
    for plane in () if status is None else status.data_planes:
        parts = urlsplit(plane.listening)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    return settings.data_plane.host, 0


def _control(settings: Settings) -> StatusView | None:
    """What the control plane says; None where none runs."""
    from yett.admin.client import RemoteControl
    from yett.app.address import admin_token, read_address
    from yett.errors import OperatorFault
    from yett.stores.control.lock import is_held

    address = read_address(settings.state_dir)
    if address is None or not is_held(settings.state_dir):
        return None
    try:
        remote = RemoteControl(address.host, address.port, admin_token(settings.state_dir), certificate=address.certificate)
        return remote.status()
    except OperatorFault:  # it ends or starts just now
        return None


def _figures(settings: Settings, seconds: int) -> tuple[Traffic | None, list[CounterFigures]]:
    """The figures of the log; None where there is none yet."""
    from yett.app.clock import SystemClock
    from yett.stores.state_figures import near_full, traffic
    from yett.stores.state_file import STATE_FILE
    from yett.stores.state_reader import StateReader

    path = settings.state_dir / STATE_FILE
    if not path.exists():
        return None, []
    now_ns = SystemClock().now_ns()
    with StateReader(path) as reader:
        return traffic(reader, now_ns, seconds), near_full(reader, now_ns)


def _as_json(health: Health, traffic: Traffic | None, near: list[CounterFigures]) -> dict[str, Any]:
    from yett.cli.limits import as_json

    return {
        "gateway": asdict(health),
        "traffic": None if traffic is None else asdict(traffic),
        "limits_near_full": [as_json(figures) for figures in near],
    }


def _print(context: CliContext, health: Health, traffic: Traffic | None, near: list[CounterFigures]) -> None:
    from rich.text import Text

    state = Text.assemble((health.status, COLORS.get(health.status, "red")), f" at {plain(health.url)}")
    if health.revision is not None:
        state.append(f", revision {health.revision}")
    print_fields(context, [("gateway", state), *(("", plain(problem)) for problem in health.problems), *_lines(traffic)])
    if traffic is not None and traffic.top_rules:
        click.echo()
        rows = [(rule.calls, rule.decision, rule.code, rule.rule) for rule in traffic.top_rules]
        print_table(context, ("CALLS", "DECISION", "CODE", "RULE"), rows)
    if near:
        from yett.cli.limits import HEADINGS, WHOLE, cells_of

        click.echo()
        full = [(f"{figures.share:.0%}", *cells_of(figures)) for figures in near]
        print_table(context, ("FULL", *HEADINGS), full, whole=("FULL", *WHOLE), below=HEADINGS[-1])


def _lines(traffic: Traffic | None) -> list[tuple[str, str]]:
    if traffic is None:
        return [("traffic", "nothing has been recorded yet")]
    latency = "-"
    if traffic.latency_p50_us is not None and traffic.latency_p99_us is not None:
        latency = f"p50 {traffic.latency_p50_us / 1_000:.1f} ms, p99 {traffic.latency_p99_us / 1_000:.1f} ms"
    refused = f", {traffic.refused} request{'' if traffic.refused == 1 else 's'} refused before that" if traffic.refused else ""
    shadow = f", {traffic.would_be_denied} only in shadow" if traffic.would_be_denied else ""
    return [
        (f"last {traffic.seconds // 60} min", f"{traffic.calls} calls, {traffic.calls_a_minute:.1f} a minute{refused}"),
        ("denied", f"{traffic.denied} ({traffic.denied_share:.0%}){shadow}"),
        ("outcomes", f"{traffic.failed} failed, {traffic.unknown} unknown"),
        ("latency", latency),
        *([("waiting", f"{traffic.waiting} for a person; `yett approvals list`")] if traffic.waiting else []),
    ]
