"""What both processes of `yett up` have in common: command line, log, certificate, and the signals that end them."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from yett.edge.certificate import Certificate
from yett.errors import YettError
from yett.settings import Settings, load_settings

FIRST: Final = "first-admin "
"""How the line begins that holds the link of the first admin."""
CANNOT_RUN: Final = 3
"""Exit status where the installation is wrong."""
COLLECT_AFTER: Final = 20_000
"""New objects between two looks for garbage in cycles. A call makes some two hundred and leaves hardly any cycle, so that the
default of 700 would look after every third call."""


def calm_collector() -> None:
    """Start-up is over: never look for garbage again in what it loaded, and seldom in the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


def stop_on_signals() -> asyncio.Event:
    """An event of the running loop that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def certificate_of(settings: Settings) -> Certificate | None:
    """What the listeners show; None where they speak plain HTTP. Errors: `OperatorFault`."""
    tls = settings.tls
    if tls.certificate is None or tls.key is None:
        return None
    return Certificate(Path(tls.certificate), Path(tls.key))


def tell_certificate(log: logging.Logger, certificate: Certificate) -> None:
    """Say what came of a changed certificate."""
    if certificate.fault is None:
        log.info("the changed certificate serves new connections")
    else:
        log.warning("%s", certificate.fault)


def raise_file_limit(wanted: int) -> int:
    """Let this process have `wanted` open files, if the system allows it; how many it may have now."""
    import resource  # noqa: PLC0415 - absent on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return wanted if soft == resource.RLIM_INFINITY else soft


def run_part(name: str, serve: Callable[[Settings], None]) -> int:
    """Serve by the settings that the command line names; the exit status. An error is one line on stderr."""
    parser = argparse.ArgumentParser(prog=f"yett {name}")
    parser.add_argument("--config", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        serve(load_settings(arguments.config))
    except YettError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the supervisor shows it
        return CANNOT_RUN
    return 0


def announce(port: int) -> None:
    """Tell the supervisor the port, by one line on stdout."""
    print(f"listening {port}", flush=True)  # noqa: T201 - a protocol, not talk


def announce_first(link: str) -> None:
    """Tell the supervisor the link of the first admin, in the same way."""
    print(f"{FIRST}{link}", flush=True)  # noqa: T201 - as above
