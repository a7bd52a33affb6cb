"""What one decision costs: `decide` alone, without I/O. Part of `make bench`."""

from __future__ import annotations

import argparse
import json
import time
import timeit
from decimal import Decimal
from typing import Any, Final

from bench.policies import ARGUMENTS, TOOL, by_tool, on_one_call
from yett.policy.compile import compile_policy
from yett.policy.decision import Call, Effect, Facts, Grant, Surface
from yett.policy.document import read_policy
from yett.policy.evaluate import decide

NOW_NS: Final = 1_767_225_600_000_000_000
FACTS: Final = Facts("acme", "s1", "payments", Grant("g1", "bench"), "session", "127.0.0.1")
CALL: Final = Call(Surface.TOOL, TOOL, json.loads(json.dumps(ARGUMENTS), parse_float=Decimal))


def microseconds(document: dict[str, Any], calls: int) -> float:
    """The best of five runs of `calls` decisions, each of which allows."""
    policy = compile_policy(read_policy(json.dumps(document).encode()))

    def once() -> None:
        decide(policy, CALL, FACTS, {}, now_ns=NOW_NS)

    decision = decide(policy, CALL, FACTS, {}, now_ns=NOW_NS)
    assert decision.effect is Effect.ALLOW, decision
    return min(timeit.repeat(once, timer=time.process_time, number=calls, repeat=5)) / calls * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    calls = 2_000 if parser.parse_args().quick else 20_000
    print("decide(), CPU µs a call, best of 5")
    print(f"{'rules':>8}{'one a tool':>14}{'with 3 limits':>16}{'all on one call':>18}")
    for rules in (1, 10, 100, 1_000):
        apart = microseconds(by_tool(rules, limits=False), calls)
        limited = microseconds(by_tool(rules), calls)
        together = f"{microseconds(on_one_call(rules), calls):.2f}" if rules <= 128 else "not allowed"
        print(f"{rules:>8}{apart:>14.2f}{limited:>16.2f}{together:>18}")


if __name__ == "__main__":
    main()
