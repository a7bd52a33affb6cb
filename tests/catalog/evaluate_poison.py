"""How well poisoned texts are found: `python -m tests.catalog.evaluate_poison [--held-out] [--misses]`.

`--keep` writes what is flagged today into `poisoned.json`, which a test compares with: for a change that is meant.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.catalog.poison_corpus import CORPORA, Row, rows
from yett.catalog.poison import Around, poison
from yett.policy.json_value import JsonObject
from yett.site.known import known_servers

UNICODE = "unicode_smuggling"
FLAGGED: Final = Path(__file__).with_name("poisoned.json")
"""Every text that is flagged, with the codes."""


def found(row: Row) -> bool:
    return bool(poison(row.tool, row.around))


def real_tools() -> Iterator[tuple[str, JsonObject, Around]]:
    """The tools of the corpora of real servers, none of them poisoned, beside their siblings."""
    by_server: defaultdict[str, dict[str, JsonObject]] = defaultdict(dict)
    for path in sorted((CORPORA / "tool-risk").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            definition: JsonObject = {"name": row.get("tool") or row.get("name"), "description": row.get("description") or ""}
            for key in ("title", "input_schema", "inputSchema", "annotations"):
                if row.get(key):
                    definition["inputSchema" if key == "input_schema" else key] = row[key]
            by_server[f"{path.stem}/{row.get('server')}"][str(definition["name"])] = definition
    for server, tools in sorted(by_server.items()):
        around = Around(siblings=frozenset(tools))
        yield from ((f"{server}/{name}", tool, around) for name, tool in tools.items())


def flagged() -> dict[str, list[str]]:
    """Codes by name of what is flagged: labelled texts, tools of real servers, and those that come with Yett."""
    texts = [(f"{row.source}/{row.id}", row.tool, row.around) for row in rows()]
    texts += [(f"tool-risk/{name}", tool, around) for name, tool, around in real_tools()]
    for server in known_servers():
        around = Around(siblings=frozenset(tool.name for tool, _ in server.tools))
        for tool, _ in server.tools:
            value: JsonObject = {
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "inputSchema": tool.input_schema,
            }
            texts.append((f"known/{server.slug}/{tool.name}", value, around))
    found = {name: [flag.code for flag in poison(tool, around)] for name, tool, around in texts}
    return {name: codes for name, codes in sorted(found.items()) if codes}


def report(part: Sequence[Row], title: str, *, misses: bool) -> None:
    poisoned, benign = [row for row in part if row.poisoned], [row for row in part if not row.poisoned]
    hit, alarms = [row for row in poisoned if found(row)], [row for row in benign if found(row)]
    print(f"{title}: {len(poisoned)} poisoned, {len(benign)} not")
    print(f"  found {len(hit)}, missed {len(poisoned) - len(hit)}; false alarms {len(alarms)}, not {len(benign) - len(alarms)}")
    smuggled = [row for row in poisoned if row.kind == UNICODE]
    other = [row for row in poisoned if row.kind != UNICODE]
    print(f"  hidden Unicode {sum(map(found, smuggled))} of {len(smuggled)}")
    print(f"  recall otherwise {sum(map(found, other)) / len(other):.3f}, false positives {len(alarms) / len(benign):.3f}")
    for source in ("detect", "security", "injections"):
        theirs = [row for row in poisoned if row.source == source]
        print(
            f"  {source}: {sum(map(found, theirs))} of {len(theirs)}, false alarms {sum(row.source == source for row in alarms)}"
        )
    print("  false alarms by code", dict(Counter(flag.code for row in alarms for flag in poison(row.tool, row.around))))
    kinds = Counter(row.kind for row in poisoned)
    for kind, count in sorted(kinds.items()):
        print(f"    {kind}: {sum(row.kind == kind for row in hit)} of {count}")
    if misses:
        for row in (*(row for row in poisoned if row not in hit), *alarms):
            flags = [(flag.code, flag.quote) for flag in poison(row.tool, row.around)]
            print(
                "  MISSED" if row.poisoned else "  ALARM", row.id, row.kind, json.dumps(row.tool, ensure_ascii=True)[:300], flags
            )


def main(arguments: Sequence[str]) -> None:
    if "--keep" in arguments:
        FLAGGED.write_text(f"{json.dumps(flagged(), indent=0)}\n", encoding="utf-8")
        return
    held_out, misses = "--held-out" in arguments, "--misses" in arguments
    part = [row for row in rows() if row.held_out is held_out]
    report(part, "held out" if held_out else "tuning", misses=misses and not held_out)
    tools = list(real_tools())
    alarms = [(name, poison(tool, around)) for name, tool, around in tools]
    caught = [(name, flags) for name, flags in alarms if flags]
    print(f"real tools: {len(tools)}, flagged {len(caught)} ({len(caught) / len(tools):.2%})")
    print("  ", Counter(flag.code for _, flags in caught for flag in flags))
    if misses:
        for name, flags in caught:
            print("  ALARM", name, [(flag.code, flag.place, flag.quote) for flag in flags])


if __name__ == "__main__":
    main(sys.argv[1:])
