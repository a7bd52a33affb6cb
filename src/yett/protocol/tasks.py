"""Tasks: what a call promises for later, and what is said about it afterwards. Both generations. Pure.

Revision 2025-11-25 has them in its core: a client asks for one with `params.task`. Since 2026-07-28 they are an extension: a
client says that it takes them, and the server decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, joined, members, read_answer, refuse_look_alikes, result_of
from yett.protocol.envelope import has_controls
from yett.protocol.eras import META_CLIENT_CAPABILITIES
from yett.protocol.keys import has_look_alike
from yett.protocol.lists import TASKS, filter_list
from yett.protocol.rejection import INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, Rejection, envelope
from yett.protocol.replies import error
from yett.protocol.rounds import INPUTS_MAX, RESPONSES, kind_asked, rounds_fault
from yett.protocol.strict_json import JsonValue

EXTENSION: Final = "io.modelcontextprotocol/tasks"
TASK: Final = "task"
"""The member with which a client asks for one and a server gives one; and the kind of a result that is one."""
TASK_ID: Final = "taskId"
CURSOR_CHARS_MAX: Final = 8 * 1024
"""Characters of the cursor of a list of tasks, which is kept until it is asked for."""
TASK_ID_CHARS_MAX: Final = 512
"""Characters of a task's id, which may be more than a random number."""
TASKS_GET: Final = "tasks/get"
TASKS_LIST: Final = "tasks/list"
TASKS_RESULT: Final = "tasks/result"
RESULT_S: Final = 1_500.0
"""How long the result of a task is waited for: servers hold the answer back until there is one, and may ask people before. Less
than the time after which a session or a program counts as idle."""
TASKS_UPDATE: Final = "tasks/update"
TASK_STATES: Final = frozenset({TASKS_GET, "tasks/cancel", TASKS_UPDATE})
"""What is answered with the state of a task, or a word that it was taken note of."""
ENDED: Final = frozenset({"completed", "failed", "cancelled"})
"""Statuses that do not change any more."""
STATUSES: Final = ENDED | {"working", "input_required"}


def patience_s(method: str, usual_s: float) -> float:
    """How long the answer to a request is waited for, where others are waited for `usual_s`."""
    return max(RESULT_S, usual_s) if method == TASKS_RESULT else usual_s


class State(msgspec.Struct, frozen=True):
    """What a server says of a task."""

    id: str
    status: str
    ttl_ms: float | None
    """How long it is kept, from its beginning; None for ever."""
    kinds: Mapping[str, str] = {}
    """Keys of what it asks the client → what the policy calls that. Of the extension only."""
    is_tool_error: bool = False
    """Whether the result that comes with it says that the tool failed. Of the extension only."""


# --- what clients say -------------------------------------------------------------------------------------------------


def asked_fault(params: Mapping[str, JsonValue], id: bytes) -> Rejection | None:
    """What is wrong with the member `task` of a call."""
    wanted = params[TASK]
    if not isinstance(wanted, dict) or not _is_ttl(wanted.get("ttl")):
        return envelope("the member `params.task` must be an object, its `ttl` a number of ms", id, rpc_code=INVALID_PARAMS)
    return None


def about_fault(method: str, params: Mapping[str, JsonValue], id: bytes) -> Rejection | None:
    """What is wrong with the parameters of a request about a task."""
    if not _is_id(params.get(TASK_ID)):
        return envelope("the member `params.taskId` must be a task's id", id, rpc_code=INVALID_PARAMS)
    if method == TASKS_UPDATE:
        if RESPONSES not in params:
            return envelope(f"the member `params.{RESPONSES}` is missing", id, rpc_code=INVALID_PARAMS)
        return rounds_fault(params, id)
    return None


def declares_tasks(params: Mapping[str, JsonValue]) -> bool:
    """Whether the client of a stateless request says that it takes tasks."""
    meta = params.get("_meta")
    declared = meta.get(META_CLIENT_CAPABILITIES) if isinstance(meta, dict) else None
    extensions = declared.get("extensions") if isinstance(declared, dict) else None
    return isinstance(extensions, dict) and isinstance(extensions.get(EXTENSION), dict)


def updated(body: bytes, keys: frozenset[str]) -> bytes:
    """A `tasks/update` with only the responses to these keys; the same bytes where there are no others."""
    parts = members(body)
    params = members(parts["params"])
    given = members(params[RESPONSES])
    if given.keys() <= keys:
        return body
    params[RESPONSES] = joined({key: raw for key, raw in given.items() if key in keys})
    parts["params"] = joined(params)
    return bytes(joined(parts))


def arguments_in(body: bytes) -> bytes:
    """The arguments of a call as JSON text."""
    return bytes(members(members(body)["params"]).get("arguments", b"{}"))


def at_cursor(body: bytes, cursor: str) -> bytes:
    """A request for a list, with another cursor."""
    parts = members(body)
    parts["params"] = joined({**members(parts["params"]), "cursor": msgspec.Raw(msgspec.json.encode(cursor))})
    return bytes(joined(parts))


# --- what servers say -------------------------------------------------------------------------------------------------


def read_made(data: bytes, *, stateless: bool) -> State:
    """The task that answers a call. Errors: `MalformedAnswer`."""
    result = _result(data)
    if not stateless:
        task = result.get(TASK)
        if not isinstance(task, dict):
            raise MalformedAnswer("the server answered with a task that is none; its author must mend it")
        return state_of(task, stateless=False)
    if result.get("resultType") != TASK:
        raise MalformedAnswer("the server's result cannot be read in one way; its author must mend it")
    return state_of(result, stateless=True)


def read_state(data: bytes, id: str, *, stateless: bool) -> State:
    """What a server answers to a question after the task `id`. Errors: `MalformedAnswer`, also where it tells of another one."""
    state = state_of(_result(data), stateless=stateless)
    if state.id != id:
        raise MalformedAnswer("the server was asked about one task and told about another; its author must mend it")
    return state


def state_of(task: Mapping[str, JsonValue], *, stateless: bool) -> State:
    """A task's state as a value. Errors: `MalformedAnswer`."""
    refuse_look_alikes(task)
    id, status, ttl = task.get(TASK_ID), task.get("status"), task.get("ttlMs" if stateless else "ttl")
    if not isinstance(id, str) or not _is_id(id) or not isinstance(status, str) or status not in STATUSES or not _is_ttl(ttl):
        raise MalformedAnswer("the server told of a task in a form that is none; its author must mend it")
    ttl_ms = None if ttl is None else float(ttl)  # type: ignore[arg-type]  # _is_ttl looked
    if not stateless:
        return State(id, status, ttl_ms)
    return State(id, status, ttl_ms, _kinds(task.get("inputRequests", {})), _is_tool_error(task.get("result", {})))


def _kinds(requests: JsonValue) -> Mapping[str, str]:
    if not isinstance(requests, dict) or len(requests) > INPUTS_MAX:
        raise MalformedAnswer("the server asks for input in a form that is none; its author must mend it")
    return {key: kind_asked(request) for key, request in requests.items()}


def _is_tool_error(result: JsonValue) -> bool:
    """Whether the final result says so; it must be one, and read one way, as if the call had been answered with it."""
    if not isinstance(result, dict) or has_look_alike(result.keys()):
        raise MalformedAnswer("the result of the server's task cannot be read in one way; its author must mend it")
    if result.get("resultType") not in (None, "complete") or TASK in result:
        raise MalformedAnswer("the result of the server's task is no final one; its author must mend it")
    return result.get("isError") is True


def shown_list(data: bytes, visible: Callable[[str], bool], named: Callable[[str], str]) -> bytes:
    """The answer to `tasks/list` with only the tasks that are `visible`, and with its cursor as `named`.

    Errors: `MalformedAnswer`; such an answer must never be passed through.
    """
    filtered = filter_list(TASKS, data, visible, stateless=False)
    parts = members(filtered)
    result = members(parts["result"]) if "result" in parts else {}
    if "nextCursor" not in result:
        return filtered
    cursor = msgspec.json.decode(result["nextCursor"])
    if cursor is None:
        return filtered
    if not isinstance(cursor, str) or len(cursor) > CURSOR_CHARS_MAX:
        raise MalformedAnswer("the server's list of tasks has a cursor that is no short string; its author must mend it")
    result["nextCursor"] = msgspec.Raw(msgspec.json.encode(named(cursor)))
    parts["result"] = joined(result)
    return bytes(joined(parts))


def _result(data: bytes) -> dict[str, JsonValue]:
    _, value = read_answer(data)
    result = result_of(value)
    if result is None:
        raise MalformedAnswer("the server answered with an error where a task was to come")
    return result


# --- what the gateway says --------------------------------------------------------------------------------------------


def not_found(id: bytes, *, ended: bool = False) -> bytes:
    """What a server answers that knows no such task; those of others are answered alike. `ended`: it went with its program."""
    why = "the program or connection that it ran in has ended; call the tool again" if ended else "Task not found"
    return error(id, INVALID_PARAMS, f"Failed to retrieve task: {why}")


def undeclared(id: bytes) -> bytes:
    """What a server answers to a client that did not say that it takes tasks."""
    needed: dict[str, JsonValue] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
    return error(id, MISSING_CLIENT_CAPABILITY, "Missing required client capability", needed)


def _is_id(id: JsonValue) -> bool:
    return isinstance(id, str) and 0 < len(id) <= TASK_ID_CHARS_MAX and not has_controls(id)


def _is_ttl(ttl: JsonValue) -> bool:
    return ttl is None or (isinstance(ttl, int | Decimal) and not isinstance(ttl, bool) and ttl >= 0)
