"""Bytes become a policy: strict JSON, or YAML as an encoding of the same."""

from __future__ import annotations

import jiter

from yett.policy.errors import PolicyError, PolicyErrors
from yett.policy.json_value import JsonValue
from yett.policy.model import Policy
from yett.policy.parse import parse_policy
from yett.policy.vocabulary import DOCUMENT_BYTES_MAX


def read_policy(data: bytes, *, yaml: bool = False) -> Policy:
    """The policy that a document of JSON or YAML text means; `PolicyErrors` names every defect."""
    if len(data) > DOCUMENT_BYTES_MAX:
        raise PolicyErrors([PolicyError("", f"larger than {DOCUMENT_BYTES_MAX} bytes")])
    return parse_policy(read_yaml(data) if yaml else read_json(data))


def read_json(data: bytes) -> JsonValue:
    """Strict JSON: no duplicate keys, no NaN, no BOM; numbers with a fraction or exponent as `Decimal`."""
    try:
        value: JsonValue = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal")
    except ValueError as error:
        reason = "a number is out of range" if "InvalidOperation" in str(error) else str(error)
        raise PolicyErrors([PolicyError("", f"not readable as JSON: {reason}")]) from error
    return value


def read_yaml(data: bytes) -> JsonValue:
    """YAML 1.2 with the JSON types only: no duplicate keys, dates, octals, tags, aliases or second document."""
    from yett.policy.yaml_text import YamlError, load  # noqa: PLC0415 - ruamel.yaml takes 40 ms to import

    try:
        return load(data)
    except YamlError as error:
        raise PolicyErrors([PolicyError("", f"not readable as YAML: {error}")]) from error


def looks_like_yaml(name: str) -> bool:
    """Whether a file of this name is read as YAML."""
    return name.lower().endswith((".yaml", ".yml"))
