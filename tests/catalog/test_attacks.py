"""The attack database: every policy in it is one, every source an address, and tools find what concerns them."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from yett.catalog.attack_arguments import ALL_ATTACKS
from yett.catalog.attack_impostors import IMPOSTOR_ATTACKS
from yett.catalog.attacks import SHOWN_MAX, Attack, concerning
from yett.catalog.markdown import attack_markdown
from yett.catalog.model import RiskClass
from yett.catalog.owasp import OWASP, owasp_named
from yett.catalog.signals import SIGNALS
from yett.policy.document import read_policy


@pytest.mark.parametrize("attack", ALL_ATTACKS, ids=[attack.slug for attack in ALL_ATTACKS])
def test_every_attack_says_how_it_works_what_stops_it_and_where_to_read_on(attack: Attack) -> None:
    assert len(attack.works) >= 3
    assert attack.counters
    assert attack.beyond
    assert attack.sources
    for counter in attack.counters:
        if counter.policy is not None:
            read_policy(json.dumps(counter.policy).encode())
    for source in attack.sources:
        assert urlsplit(source.url).scheme == "https"
    assert attack.signals <= set(SIGNALS)


@pytest.mark.parametrize("attack", ALL_ATTACKS, ids=[attack.slug for attack in ALL_ATTACKS])
def test_every_attack_has_its_place_in_the_lists_of_owasp(attack: Attack) -> None:
    assert attack.owasp
    assert len(set(attack.owasp)) == len(attack.owasp)
    assert all(owasp_named(code) in attack_markdown(attack) for code in attack.owasp)


def test_each_list_of_owasp_has_ten_risks() -> None:
    assert [code[:5] for code in OWASP] == [f"{kind}{number:02}" for kind in ("MCP", "LLM") for number in range(1, 11)]


def test_slugs_are_unique_and_can_stand_in_an_address() -> None:
    slugs = [attack.slug for attack in ALL_ATTACKS]
    assert len(set(slugs)) == len(slugs)
    assert all(slug.replace("-", "").isalnum() and slug == slug.lower() for slug in slugs)


def test_the_known_patterns_are_there() -> None:
    slugs = {attack.slug for attack in ALL_ATTACKS}
    assert slugs >= {
        *("tool-poisoning", "rug-pull", "indirect-prompt-injection", "data-exfiltration"),
        *("runaway-loop", "confused-deputy", "typosquatting"),
    }
    assert {attack.slug for attack in IMPOSTOR_ATTACKS} <= slugs


@pytest.mark.parametrize(
    ("risk", "signals", "first"),
    [
        (RiskClass.EXECUTE, ("shell",), "command-injection"),
        (RiskClass.READ, ("path",), "path-traversal"),
        (RiskClass.EXECUTE, ("sql",), "sql-injection"),
        (RiskClass.FINANCIAL, ("money",), "unwanted-payment"),
        (RiskClass.READ, ("hidden_text", "instructions"), "tool-poisoning"),
    ],
)
def test_what_a_tool_takes_decides_what_is_shown_first(risk: RiskClass, signals: tuple[str, ...], first: str) -> None:
    shown = [attack.slug for attack in concerning(ALL_ATTACKS, risk, signals)]
    assert first in shown[:2]
    assert len(shown) <= SHOWN_MAX


@pytest.mark.parametrize("risk", list(RiskClass))
def test_every_class_has_attacks_even_without_signals(risk: RiskClass) -> None:
    assert concerning(ALL_ATTACKS, risk, ())
