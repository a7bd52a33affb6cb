"""Scenario files: what a policy must answer, written down. Pure reading; `scenario_run` runs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from yett.errors import ClientFault
from yett.policy.decision import Call, Code, Effect, Grant, Surface
from yett.policy.document import read_json, read_yaml
from yett.policy.errors import PolicyError, PolicyErrors, nearest, pointer_join
from yett.policy.json_value import JsonValue
from yett.policy.reading import Problems, Read, article, one_of, read_boolean, read_list, read_name, read_text, whole
from yett.policy.vocabulary import RISK_CLASSES
from yett.quota.windows import NS

FILE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Largest scenario file that is read."""
START_NS: Final = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * NS
GRANT: Final = "g1"
SESSION: Final = "s1"
CODES: Final = tuple(code.value for code in Code)


class BadScenarioFile(ClientFault):
    """A file that is no scenario file; `errors` holds every defect."""

    def __init__(self, errors: Sequence[PolicyError]) -> None:
        self.errors = tuple(errors)
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(f"not a scenario file: {self.errors[0]}{more}")


class Upstream(Enum):
    """What the server does with a call that is forwarded."""

    OK = "ok"
    IS_ERROR = "is_error"
    RPC_ERROR = "rpc_error"
    INVALID_PARAMS = "invalid_params"
    INTERNAL_ERROR = "internal_error"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"

    @property
    def ran(self) -> bool:
        """Whether the call may have run, so that its reservation is kept."""
        return self not in {Upstream.UNREACHABLE, Upstream.RPC_ERROR}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the server lists it."""

    name: str
    input_schema: dict[str, JsonValue] | None


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One call, and what must become of it."""

    call: Call
    expected: Mapping[str, JsonValue]
    """Any of `decision`, `code`, `rule`, `message`, `retry_after_s`; None stands for absent."""
    at_ns: int | None = None
    """None: the time of the step before."""
    grant: Grant = field(default=Grant(GRANT, GRANT))
    session: str = SESSION
    client_ip: str | None = None
    changed: bool = False
    upstream: Upstream = Upstream.OK
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One policy and either the steps it is asked, or the places at which it must be refused."""

    name: str
    policy: JsonValue
    """The document; None: no policy."""
    tools: tuple[Tool, ...] | None = None
    """None: every name is known."""
    risk: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[ScenarioStep, ...] = ()
    invalid: frozenset[str] | None = None


def read_scenarios(data: bytes, *, yaml: bool = False) -> tuple[Scenario, ...]:
    """The scenarios of a file: one object, or a list of them. Errors: `BadScenarioFile`."""
    if len(data) > FILE_BYTES_MAX:
        raise BadScenarioFile([PolicyError("", f"larger than {FILE_BYTES_MAX} bytes")])
    try:
        document = read_yaml(data) if yaml else read_json(data)
    except PolicyErrors as errors:
        raise BadScenarioFile(errors.errors) from errors
    problems = Problems()
    if isinstance(document, list):
        scenarios = read_list(document, "", _read_scenario, problems)
        if not document:
            problems.add("", "the file holds no scenario")
    else:
        scenarios = (_read_scenario(document, "", problems),)
    if problems.found:
        raise BadScenarioFile(problems.found)
    return scenarios


# --- objects --------------------------------------------------------------------------------------------------------------

_Readers: TypeAlias = Mapping[str, Read]


def _members(value: JsonValue, pointer: str, readers: _Readers, problems: Problems, *required: str) -> dict[str, Any]:
    """The members of an object that could be read; None among them is a member that was written as null."""
    if not isinstance(value, dict):
        problems.add(pointer, f"expected an object, not {article(value)}")
        return {}
    members: dict[str, Any] = {}
    for name, member in value.items():
        place = pointer_join(pointer, name)
        if name in readers:
            members[name] = readers[name](member, place, problems)
        else:
            problems.add(place, f"unknown key `{name}`", nearest(name, list(readers)))
    for name in required:
        if name not in value:
            problems.add(pointer_join(pointer, name), f"`{name}` is missing")
    return members


def _as_is(value: JsonValue, _pointer: str, _problems: Problems) -> JsonValue:
    return value


def _or_null(read: Read) -> Read:
    return lambda value, pointer, problems: None if value is None else read(value, pointer, problems)


def _read_object(value: JsonValue, pointer: str, problems: Problems) -> dict[str, JsonValue]:
    if isinstance(value, dict):
        return value
    problems.add(pointer, f"expected an object, not {article(value)}")
    return {}


def _map_of(read: Read) -> Callable[[JsonValue, str, Problems], dict[str, Any]]:
    def read_map(value: JsonValue, pointer: str, problems: Problems) -> dict[str, Any]:
        members = _read_object(value, pointer, problems)
        return {name: read(member, pointer_join(pointer, name), problems) for name, member in members.items()}

    return read_map


# --- scenarios --------------------------------------------------------------------------------------------------------------


def _read_scenario(value: JsonValue, pointer: str, problems: Problems) -> Scenario:
    members = _members(value, pointer, _SCENARIO, problems, "name", "policy")
    if isinstance(value, dict) and ("steps" in value) == ("invalid" in value):
        problems.add(pointer_join(pointer, "steps"), "expected either `steps` or `invalid`")
    return Scenario(
        name=members.get("name") or "",
        policy=members.get("policy"),
        tools=members.get("tools"),
        risk=members.get("risk", {}),
        steps=members.get("steps", ()),
        invalid=members.get("invalid"),
    )


def _read_tools(value: JsonValue, pointer: str, problems: Problems) -> tuple[Tool, ...]:
    tools: tuple[Tool, ...] = read_list(value, pointer, read_tool, problems)
    seen = set[str]()
    for index, tool in enumerate(tools):
        if tool.name in seen:
            problems.add(pointer_join(pointer, index, "name"), f"tool `{tool.name}` stands twice")
        seen.add(tool.name)
    return tools


def read_tool(value: JsonValue, pointer: str, problems: Problems) -> Tool | None:
    """An MCP tool definition; of its members only the name and the input schema matter here."""
    members = _read_object(value, pointer, problems)
    if not members:
        return None
    name = read_name(members.get("name"), pointer_join(pointer, "name"), problems)
    schema = members.get("inputSchema")
    if schema is not None:
        _read_object(schema, pointer_join(pointer, "inputSchema"), problems)
    return None if name is None else Tool(name, schema if isinstance(schema, dict) else None)


def _read_invalid(value: JsonValue, pointer: str, problems: Problems) -> frozenset[str]:
    places = frozenset(read_list(value, pointer, _read_pointer, problems))
    if value == []:
        problems.add(pointer, "name at least one place")
    return places


def _read_pointer(value: JsonValue, pointer: str, problems: Problems) -> str | None:
    text = read_text(value, pointer, problems)
    if text and not text.startswith("/"):
        problems.add(pointer, f"`{text}` is not a JSON Pointer", "it is empty or starts with `/`")
    return text


def _read_steps(value: JsonValue, pointer: str, problems: Problems) -> tuple[ScenarioStep, ...]:
    if value == []:
        problems.add(pointer, "name at least one step")
    return read_list(value, pointer, _read_step, problems)


# --- steps ------------------------------------------------------------------------------------------------------------------

_ASKS: Final = ("call", "resource", "prompt")


def _read_step(value: JsonValue, pointer: str, problems: Problems) -> ScenarioStep | None:
    members = _members(value, pointer, _STEP, problems, "expect")
    if not isinstance(value, dict):
        return None
    asked = [name for name in _ASKS if name in value]
    if len(asked) != 1:
        problems.add(pointer, "expected one of `call`, `resource` and `prompt`")
        return None
    call = members[asked[0]]
    if call is None:
        return None
    given = {name: members[name] for name in ("at_ns", "grant", "session", "client_ip", "changed") if name in members}
    return ScenarioStep(
        call=call,
        expected=members.get("expect") or {},
        upstream=Upstream(members.get("upstream") or "ok"),
        approved=members.get("approve") is True,
        **({"at_ns": members["at"]} if "at" in members else {}),
        **given,
    )


def _read_call(surface: Surface) -> Read:
    def read(value: JsonValue, pointer: str, problems: Problems) -> Call | None:
        members = _members(value, pointer, {"name": read_text, "arguments": _read_object}, problems, "name")
        name = members.get("name")
        return None if name is None else Call(surface, name, members.get("arguments") or {})

    return read


def _read_resource(value: JsonValue, pointer: str, problems: Problems) -> Call | None:
    uri = read_text(value, pointer, problems)
    return None if uri is None else Call(Surface.RESOURCE, uri, {"uri": uri})


def _read_grant(value: JsonValue, pointer: str, problems: Problems) -> Grant:
    if not isinstance(value, dict):
        name = read_name(value, pointer, problems) or GRANT
        return Grant(name, name)
    members = _members(value, pointer, _GRANT, problems)
    identity = members.get("id") or GRANT
    return Grant(identity, members.get("label", identity), members.get("owner"), members.get("tags", {}))


_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


def parse_moment(text: str) -> int | None:
    """Nanoseconds since the epoch of an RFC 3339 date-time; None if it is none. Leap seconds have no such number."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    local, fraction, sign, hours, minutes = match.groups()
    if int(hours or 0) > 23 or int(minutes or 0) > 59:
        return None
    try:
        moment = datetime.fromisoformat(f"{local[:10]}T{local[11:]}+00:00")
    except ValueError:
        return None
    offset_s = (int(hours or 0) * 3_600 + int(minutes or 0) * 60) * (-1 if sign == "-" else 1)
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) - offset_s
    return seconds * NS + int((fraction or "0").ljust(9, "0"))


def _read_moment(value: JsonValue, pointer: str, problems: Problems) -> int | None:
    text = read_text(value, pointer, problems)
    moment = None if text is None else parse_moment(text)
    if text is not None and moment is None:
        problems.add(pointer, f"`{text}` is not an RFC 3339 date-time", "write it as `2026-01-01T00:00:00Z`")
    return moment


def _read_expect(value: JsonValue, pointer: str, problems: Problems) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        return {"decision": one_of(_EFFECTS)(value, pointer, problems)}
    if not value:
        problems.add(pointer, "nothing is expected", "name at least `decision`")
    return _members(value, pointer, _EXPECT, problems)


def _read_seconds(value: JsonValue, pointer: str, problems: Problems) -> int | None:
    seconds = whole(value)
    if seconds is None:
        problems.add(pointer, f"expected whole seconds, not {article(value)}")
    return seconds


_EFFECTS: Final = tuple(effect.value for effect in Effect)
_EXPECT: Final[_Readers] = MappingProxyType(
    {
        "decision": one_of(_EFFECTS),
        "code": _or_null(one_of(CODES)),
        "rule": _or_null(read_text),
        "message": _or_null(read_text),
        "retry_after_s": _or_null(_read_seconds),
    }
)
_GRANT: Final[_Readers] = MappingProxyType(
    {"id": read_name, "label": read_text, "owner": _or_null(read_text), "tags": _map_of(read_text)}
)
_STEP: Final[_Readers] = MappingProxyType(
    {
        "call": _read_call(Surface.TOOL),
        "resource": _read_resource,
        "prompt": _read_call(Surface.PROMPT),
        "at": _read_moment,
        "grant": _read_grant,
        "session": read_name,
        "client_ip": read_text,
        "changed": read_boolean,
        "upstream": one_of(tuple(word.value for word in Upstream)),
        "approve": read_boolean,
        "expect": _read_expect,
    }
)
_SCENARIO: Final[_Readers] = MappingProxyType(
    {
        "name": read_name,
        "policy": _as_is,
        "tools": _read_tools,
        "risk": _map_of(one_of(RISK_CLASSES)),
        "steps": _read_steps,
        "invalid": _read_invalid,
    }
)
