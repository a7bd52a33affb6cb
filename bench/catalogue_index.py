"""The index of a catalogue at full size: how long it takes to import, to search and to show, and how much memory.

    python -m bench.catalogue_index CORPUS [--servers 43000 --tools 515000] [--keep DIRECTORY]

CORPUS is a directory of JSON lines, each a tool with `server`, `name` or `tool`, `description` and `inputSchema`. The data is
made of it, by recombination with a fixed seed: sizes of servers are skewed, a tenth of the tools is Chinese. It is never shipped.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from yett.app.catalogue_import import import_catalogue
from yett.catalog.finding import Sought, words_of
from yett.catalog.markdown import server_markdown
from yett.catalog.model import RiskClass, Severity
from yett.catalog.pages import part_page, tool_page
from yett.site.export import as_json
from yett.site.render import Links, server_html, tool_html
from yett.stores.catalogue_index import CatalogueIndex

SEED: Final = 20_261_122
SERVERS: Final = 43_000
TOOLS: Final = 515_000
LARGEST: Final = 1_500
"""Tools of the largest server."""
CHINESE: Final = 0.1
QUERIES: Final = 200
PAGES: Final = 300
LARGEST_SHOWN: Final = 100
"""The largest servers, each shown in every form."""
FORMS: Final = ("html", "markdown", "json")
PROCESSOR: Final = "BENCH_PROCESSOR_TIME"
"""Set this variable to count the processor's time instead of the clock's, on a machine that does other things."""
Tool = dict[str, Any]

_CHINESE_PARTS: Final = (
    ("查询", "获取", "搜索", "创建", "更新", "删除", "发送", "生成", "执行", "取消"),
    ("用户", "订单", "文件", "天气", "地图", "消息", "项目", "图片", "数据库", "支付", "航班", "新闻", "日程", "商品"),
    ("信息", "列表", "详情", "记录", "任务", "", "", ""),
)


def read_corpus(directory: Path, files: str = "*.jsonl") -> list[Tool]:
    """The tools of the corpus."""
    found = []
    for path in sorted(directory.glob(files)):
        for line in path.read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            schema = value.get("inputSchema")
            tool = {
                "name": value.get("tool") or value["name"],
                "description": value.get("description") or "",
                "server": value["server"],
            }
            found.append({**tool, "inputSchema": schema if isinstance(schema, dict) else {"type": "object"}})
    return found


def recombined(corpus: Sequence[Tool], servers: int, tools: int) -> Iterator[Tool]:
    """So many tools of so many servers: names, descriptions and arguments of different tools of the corpus put together."""
    dice = random.Random(SEED)
    chinese = [tool for tool in corpus if is_chinese(tool)]
    plain = [tool for tool in corpus if not is_chinese(tool)]
    names = sorted({tool["server"] for tool in corpus})
    for number, size in enumerate(_sizes(dice, servers, tools)):
        server = f"{dice.choice(names)}-{dice.choice(names)}-{number}"
        for _ in range(size):
            yield {"server": server, **_tool(dice, plain, chinese if dice.random() < CHINESE else None)}


def is_chinese(tool: Tool) -> bool:
    """Whether a tool describes itself in Chinese."""
    return any("\u4e00" <= char <= "\u9fff" for char in tool["description"])


def _sizes(dice: random.Random, servers: int, tools: int) -> list[int]:
    """How many tools each server has: most a few, some hundreds."""
    drawn = [min(LARGEST, int(dice.paretovariate(1.2) * 4)) for _ in range(servers)]
    scale = tools / sum(drawn)
    sizes = [max(1, min(LARGEST, round(size * scale))) for size in drawn]
    while (rest := tools - sum(sizes)) != 0:
        step = 1 if rest > 0 else -1
        for at in dice.sample(range(servers), min(abs(rest), servers)):
            if 1 <= sizes[at] + step <= LARGEST:
                sizes[at] += step
    return sizes


def _tool(dice: random.Random, corpus: Sequence[Tool], chinese: Sequence[Tool] | None) -> Tool:
    first, second, third = dice.choice(corpus), dice.choice(corpus), dice.choice(corpus)
    if chinese is not None:
        first = dice.choice(chinese)
        text = "".join(dice.choice(part) for part in _CHINESE_PARTS)
        name, description = first["name"], f"{text}。{first['description']}"
        name = text if dice.random() < 0.2 else f"{name}_{dice.randrange(100)}"
    else:
        name = f"{first['name'].partition('_')[0]}_{second['name'].rpartition('_')[2]}"
        description = f"{first['description'].partition('. ')[0]}. {second['description']}"
    arguments = {**first["inputSchema"].get("properties", {}), **third["inputSchema"].get("properties", {})}
    return {"name": name[:120], "description": description, "inputSchema": {"type": "object", "properties": arguments}}


def fixed_queries(corpus: Sequence[Tool]) -> list[Sought]:
    """The same queries at each run: words, their beginnings down to one letter, Chinese, filters, and words that nothing has."""
    dice = random.Random(SEED + 1)
    letters = [Sought((letter,)) for letter in "abcdefghijklmnopqrstuvwxyz"]
    misses = [
        Sought(words_of(text)) for text in ("zzyzx", "qqqq wwww", "get zzyzx", "a zzyzx", "e q zzyzx", "铪铪", "查询 zzyzx")
    ]
    chinese = [
        Sought(words_of(text)) for text in ("查询", "删除文件", "天气", "支付", "订", "图片 生成", "获取用户信息", "数据库")
    ]
    filtered = [
        Sought(words_of(text), risk, severity)
        for text in ("get", "s", "payment", "")
        for risk, severity in (
            (RiskClass.FINANCIAL, None),
            (RiskClass.READ, Severity.CRITICAL),
            (None, Severity.LOW),
            (RiskClass.DESTRUCTIVE, None),
        )
    ]
    queries = letters + misses + chinese + filtered
    while len(queries) < QUERIES:
        words = [word for word in words_of(dice.choice(corpus)["description"]) if len(word) > 1] or ["list"]
        picked = dice.sample(words, min(len(words), dice.randint(1, 3)))
        queries.append(Sought(tuple(word[: dice.choice((1, 2, 3, 40))] for word in picked)))
    return queries[:QUERIES]


def measured_import(source: Path, into: Path) -> dict[str, float]:
    """Import in a process of its own; seconds, and the most memory that it and its workers had together."""
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "bench.catalogue_index", "--import-from", str(source), str(into)]) as child:
        most = 0
        while child.poll() is None:
            most = max(most, _memory(child.pid))
            time.sleep(0.2)
    if child.returncode:
        raise SystemExit("the import failed")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = {"import_s": time.monotonic() - started, "import_cpu_s": spent.ru_utime + spent.ru_stime}
    return took | {"import_mib": most / 1024, "file_mib": into.stat().st_size / 2**20}


def _memory(pid: int) -> int:
    """KiB of a process and of those that it started."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    return own + sum(_memory(int(child)) for child in children)


def measured_reading(into: Path, queries: Sequence[Sought]) -> dict[str, float]:
    """Search and pages, each asked once before it is measured; in this process."""
    index = CatalogueIndex(into)
    for sought in queries:
        index.search(sought)
    asked = sorted((_timed(partial(index.search, sought)), sought.words) for sought in queries)
    dice = random.Random(SEED + 2)
    found = [one for sought in queries for one in index.search(sought)]
    shown = dice.sample(found, min(PAGES, len(found)))
    forms = {form: [_timed(partial(_server_page, index, one.slug, form)) for one in shown] for form in FORMS}
    largest = [_timed(partial(_server_page, index, slug, form)) for slug in index.largest(LARGEST_SHOWN) for form in FORMS]
    tools = [_timed(partial(_tool_page, index, one.slug, one.name)) for one in shown]
    times = [time for time, _ in asked]
    return {
        "search_median_ms": statistics.median(times),
        "search_p99_ms": _p99(times),
        "search_worst_ms": times[-1],
        "found": len(found),
        **{f"server_page_{form}_p99_ms": _p99(spent) for form, spent in forms.items()},
        "largest_servers_page_p99_ms": _p99(largest),
        "tool_page_p99_ms": _p99(tools),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    } | {f"slow {' '.join(words)}": ms for ms, words in asked[-3:]}


def _server_page(index: CatalogueIndex, slug: str, form: str) -> str:
    part = index.part(slug, 1)
    assert part is not None
    page = part_page(part)
    if form == "json":
        return as_json(page)
    return server_html(page, _LINKS) if form == "html" else server_markdown(page)


def _tool_page(index: CatalogueIndex, slug: str, name: str) -> str:
    server = index.tool(slug, name)
    assert server is not None
    page = tool_page(server, name)
    assert page is not None
    return tool_html(page, _LINKS)


_LINKS: Final = Links(
    asset=lambda name: name,
    home="/",
    server=lambda slug: slug,
    tool=lambda slug, name: f"{slug}/{name}",
    attack=lambda slug: slug,
    attacks="/",
)


def _timed(work: Callable[[], object]) -> float:
    started = _now_ns()
    work()
    return (_now_ns() - started) / 1e6


def _now_ns() -> int:
    return time.thread_time_ns() if os.environ.get(PROCESSOR) else time.perf_counter_ns()


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 99 // 100) - 1)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the data, import it, search it; prints one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m bench.catalogue_index", description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--servers", type=int, default=SERVERS)
    parser.add_argument("--tools", type=int, default=TOOLS)
    parser.add_argument("--keep", type=Path, help="where data and index stay")
    parser.add_argument("--import-from", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args(arguments)
    if said.import_from:
        import_catalogue(*said.import_from)
        return
    corpus = read_corpus(said.corpus)
    queries = fixed_queries(corpus)
    if said.measure:
        del corpus
        print(json.dumps(measured_reading(said.measure, queries)))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = said.keep or Path(made)
        source, into = folder / "tools.jsonl", folder / "catalogue.db"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(tool, ensure_ascii=False)}\n" for tool in recombined(corpus, said.servers, said.tools))
        figures = {"source_mib": source.stat().st_size / 2**20, **measured_import(source, into)}
        again = [sys.executable, "-m", "bench.catalogue_index", str(said.corpus), "--measure", str(into)]
        figures |= json.loads(subprocess.run(again, check=True, capture_output=True).stdout)
        print(json.dumps({key: round(value, 1) for key, value in figures.items()}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
