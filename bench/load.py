"""One burst of load by wrk, and what it measured."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True)
class Measured:
    """One burst: calls a second, latencies in ms, answers that were no 2xx or never came."""

    rps: float
    p50_ms: float
    p99_ms: float
    calls: int
    errors: int


def write_script(path: Path, body: bytes, headers: Mapping[str, str]) -> None:
    """A wrk script that posts one body with these header fields, over and over."""
    lines = ['wrk.method = "POST"', f"wrk.body = {_lua(body.decode())}"]
    lines += [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in headers.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def burst(url: str, script: Path, *, connections: int, seconds: float, core: int) -> Measured:
    """Load `url` for `seconds` (whole seconds for wrk) from `core`."""
    command = [
        "taskset",
        "-c",
        str(core),
        "wrk",
        "--latency",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:.0f}s",
        "-s",
        str(script),
        url,
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    return Measured(
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", text)),
        p50_ms=_ms(_find(r"50%\s+([\d.]+\w+)", text)),
        p99_ms=_ms(_find(r"99%\s+([\d.]+\w+)", text)),
        calls=int(_find(r"(\d+) requests in", text)),
        errors=_errors(text),
    )


def _errors(text: str) -> int:
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return (int(refused.group(1)) if refused else 0) + (sum(map(int, sockets.groups())) if sockets else 0)


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk printed no `{pattern}`:\n{text}")
    return found.group(1)


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]  # matched by the caller's pattern
    return float(number) * _UNITS[unit]


def _lua(text: str) -> str:
    """A Lua string literal: printable ASCII as it is, everything else as a decimal escape."""
    return (
        '"'
        + "".join(
            char if 32 <= ord(char) < 127 and char not in '"\\' else "".join(f"\\{byte:03}" for byte in char.encode())
            for char in text
        )
        + '"'
    )
