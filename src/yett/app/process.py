"""What both processes of `yett up` have in common: their command line, their log, and the signals that end them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from yett.errors import YettError
from yett.settings import Settings, load_settings

CANNOT_RUN: Final = 3
"""Exit status where the installation is wrong."""


def stop_on_signals() -> asyncio.Event:
    """An event of the running loop that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


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
