"""Has atheris look for inputs that break a target: `run.py TARGET [SECONDS]`, in the environment that `install` makes.

New inputs are collected under `.programs/fuzz/found/TARGET`; an input that breaks the target is written beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # stands in an environment of its own

with atheris.instrument_imports(include=["yett.protocol", "yett.edge", "yett.upstreams", "json"]):
    from tests.fuzz.targets import SEEDS, TARGETS

SECONDS = 600


def main() -> None:
    """Fuzz until the time is over or something is found."""
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    target = TARGETS[name]
    home = Path(__file__).parents[2] / ".programs" / "fuzz"
    found = home / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    words = home / f"{name}.words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in target.tokens if len(token) <= 64), encoding="ascii")
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", f"-dict={words}", f"-artifact_prefix={found}-"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(found), str(SEEDS / name)], target.run)
    atheris.Fuzz()


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main()
