"""The engine and the oracle answer alike, on the contract's scenarios and on pairs from a seed."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.oracle import reference
from tests.oracle.engine_side import comparable, compiled, decided, differ, engine_says, gateway_says, oracle_says, report
from tests.oracle.generate import Pair, more_questions, pair, permuted
from tests.oracle.rules import rule_places
from tests.oracle.scenario_driver import Player, answer, contract_files, scenarios
from yett.policy import evaluate
from yett.policy.canonical import canonical_json
from yett.policy.decision import Code, Decision
from yett.policy.parse import parse_policy

SEED: Final = int(os.environ.get("YETT_ORACLE_SEED", "20260101"))
PAIRS: Final = int(os.environ.get("YETT_ORACLE_PAIRS", "10000"))
PARTS: Final = 20
"""The pairs are asked in so many tests, so that each is short and a failure does not hide the others."""
ORDERS: Final = 1_000
REPEATS: Final = 500


@pytest.mark.parametrize("path", contract_files() or [None], ids=lambda path: path.stem if path else "absent")
def test_the_oracle_says_what_the_contract_says(path: Path | None) -> None:
    if path is None:
        pytest.skip("the shared contract files are not beside this repository")
    for scenario in scenarios(path):
        for number, expect, decision in Player(scenario).play():
            found = answer(decision)
            assert {key: found[key] for key in expect} == expect, f"{path.name}: {scenario['name']}: step {number}"


@pytest.mark.timeout(600)  # a nightly run asks ten times as many
@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_says_what_the_oracle_says(part: int) -> None:
    for index in range(part, PAIRS, PARTS):
        difference = differ(pair(SEED, index))
        assert difference is None, f"seed {SEED}, pair {index}: the engine and the oracle differ\n{difference}"


def test_a_compiled_policy_answers_each_question_as_if_it_were_the_first() -> None:
    for index in range(REPEATS):
        asked = pair(SEED, index)
        if asked.document is None:
            continue
        policy = compiled(asked)
        for other in [asked, *more_questions(asked, SEED, 5), asked]:
            engine, oracle = decided(policy, other), oracle_says(other)
            said = report(other, engine=engine, oracle=oracle)
            assert comparable(engine, oracle) == oracle, f"seed {SEED}, pair {index}: an answer depends on earlier ones\n{said}"


def test_judging_and_then_reserving_comes_to_what_the_text_says() -> None:
    for index in range(REPEATS):
        asked = pair(SEED, index)
        gateway, oracle = gateway_says(asked), oracle_says(asked)
        said = report(asked, gateway=gateway, oracle=oracle)
        assert _effects(gateway) == _effects(oracle), f"seed {SEED}, pair {index}: reserving changes the effect\n{said}"
        # Counters that nobody looked at are judged last, so a limit that is refused for another reason may be named first.
        if oracle.code is not Code.LIMIT_EXCEEDED:
            assert comparable(gateway, oracle) == oracle, f"seed {SEED}, pair {index}: reserving changes the reason\n{said}"


def test_lists_show_what_the_text_shows() -> None:
    for index in range(REPEATS):
        asked = pair(SEED, index)
        engine = evaluate.visible(compiled(asked), asked.call.surface, asked.call.name, asked.facts.tool.risk)
        oracle = reference.shows(asked.document, asked.call, asked.facts)
        assert engine is oracle, f"seed {SEED}, pair {index}: lists differ\n{report(asked, engine=engine, oracle=oracle)}"


def test_the_canonical_form_of_a_policy_says_the_same() -> None:
    for index in range(REPEATS):
        asked = pair(SEED, index)
        if asked.document is None:
            continue
        text = canonical_json(parse_policy(asked.document))
        other = replace(asked, document=json.loads(text, parse_float=Decimal))
        for said in (engine_says(other), oracle_says(other)):
            oracle = oracle_says(asked)
            assert comparable(said, oracle) == oracle, (
                f"seed {SEED}, pair {index}: {text}\n{report(asked, said=said, oracle=oracle)}"
            )


def _effects(decision: Decision) -> tuple[Any, ...]:
    return decision.effect, decision.charges, decision.shadow_charges, decision.asks


@pytest.mark.parametrize("says", [engine_says, oracle_says])
def test_the_order_of_conditions_changes_nothing_but_the_name_of_the_entry(says: Any) -> None:
    for index in range(ORDERS):
        asked = pair(SEED, index)
        if asked.document is None:
            continue
        other = replace(asked, document=permuted(asked.document, random.Random(index)))
        before, after = says(asked), says(other)
        said = report(asked, other_order=other.document, before=before, after=after)
        assert _placed(before, asked) == _placed(after, other), f"seed {SEED}, pair {index}: the order matters\n{said}"


def _placed(decision: Decision, asked: Pair) -> Decision:
    """The decision with rules named by where they stand; the engine's own sentences may name conditions, so no messages."""
    places = rule_places(asked.document, asked.call, asked.facts)
    asks = tuple(replace(ask, rule=str(places[ask.rule])) for ask in decision.asks)
    return decision._replace(rule=str(places.get(decision.rule or "", decision.rule)), message=None, asks=asks)
