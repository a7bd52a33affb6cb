"""How bad a wrong call is: the class gives the floor, and signals raise it. Nothing that a server says lowers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from yett.catalog.act import Act
from yett.catalog.listed import listed
from yett.catalog.model import Place, RiskClass, Severity, Signal

BASE: Final[Mapping[RiskClass, Severity]] = MappingProxyType(
    {
        RiskClass.READ: Severity.LOW,
        RiskClass.WRITE: Severity.MEDIUM,
        RiskClass.EXECUTE: Severity.HIGH,
        RiskClass.DESTRUCTIVE: Severity.CRITICAL,
        RiskClass.FINANCIAL: Severity.CRITICAL,
    }
)
"""The severity of each class by itself."""
_RAW_ACTS: Final = listed("""
    run execute exec eval evaluate invoke call shell terminal bash command submit send use write
""")


def severity_of(risk: RiskClass, signals: Sequence[Signal], name: Sequence[Act] = ()) -> tuple[Severity, str | None]:
    """The severity, and why it is above the class's own; None where it is not."""
    codes = {signal.code for signal in signals}
    in_name = {signal.code for signal in signals if signal.evidence.place is Place.NAME}
    base = BASE[risk]
    if risk is RiskClass.READ and "secrets" in in_name:
        return Severity.HIGH, "what it reads is secret"
    if risk is RiskClass.READ and "personal_data" in in_name and any(act.word in {"export", "exports", "dump"} for act in name):
        return Severity.HIGH, "it hands out data of people in bulk"
    if risk is RiskClass.WRITE and "destructive_hint" in codes and "bulk" in in_name:
        return Severity.HIGH, "it overwrites many things at once"
    if risk is RiskClass.EXECUTE and codes & {"shell", "code"} and any(act.word in _RAW_ACTS for act in name):
        return Severity.CRITICAL, "it runs whatever it is given"
    return base, None
