"""How long a tool takes to be classified, its texts searched for what poisons them included: processor time, tool by tool.

    python -m bench.classify [CORPUS …] [--times 5] [--slowest 5]

CORPUS is a directory of JSON lines, each a tool with `server`, `name` or `tool`, `description` and `inputSchema`. Those of the
servers that come with Yett are always among them. Of several times the least counts: what else the machine does is no part of it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.catalogue_index import read_corpus
from yett.catalog.classify import classify
from yett.catalog.definition import tool_definition
from yett.catalog.model import ToolDefinition
from yett.catalog.neighbours import Neighbours
from yett.site.known import known_servers

TIMES: Final = 5
SLOWEST: Final = 5


def tools_of(corpora: Sequence[Path]) -> Iterator[tuple[str, ToolDefinition]]:
    """Every tool with the server that it stands beside others in."""
    for server in known_servers():
        yield from ((server.slug, tool) for tool, _ in server.tools)
    for corpus in corpora:
        for tool in read_corpus(corpus):
            yield f"{corpus.name}/{tool['server']}", tool_definition(tool, tool["server"])


def measured(tools: Sequence[tuple[str, ToolDefinition]], times: int) -> list[tuple[float, str]]:
    """Milliseconds of each tool with its name, the slowest last."""
    by_server: defaultdict[str, list[ToolDefinition]] = defaultdict(list)
    for server, tool in tools:
        by_server[server].append(tool)
    found: list[tuple[float, str]] = []
    for server, listed in by_server.items():
        neighbours = Neighbours.of(listed)
        found += [(min(_spent(tool, neighbours) for _ in range(times)), f"{server}/{tool.name}") for tool in listed]
    return sorted(found)


def _spent(tool: ToolDefinition, neighbours: Neighbours) -> float:
    began = time.thread_time_ns()
    classify(tool, neighbours)
    return (time.thread_time_ns() - began) / 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m bench.classify", description=__doc__)
    parser.add_argument("corpora", type=Path, nargs="*", metavar="CORPUS")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--slowest", type=int, default=SLOWEST)
    said = parser.parse_args(arguments)
    found = measured(list(tools_of(said.corpora)), said.times)
    times = [ms for ms, _ in found]
    figures = {
        "tools": len(times),
        "mean_ms": sum(times) / len(times),
        "median_ms": times[len(times) // 2],
        "p99_ms": times[-(-len(times) * 99 // 100) - 1],
        "over_1_ms": sum(ms > 1 for ms in times),
    }
    slowest = {name: round(ms, 2) for ms, name in found[-said.slowest :]} if said.slowest else {}
    print(json.dumps({key: round(value, 3) for key, value in figures.items()} | {"slowest_ms": slowest}, indent=1))


if __name__ == "__main__":
    main()
