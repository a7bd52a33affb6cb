"""json-minefield against the running gateway: each document as a body, as `params`, as `arguments` and as one argument (PD4)."""

from __future__ import annotations

import base64
import json
import math
import subprocess
from pathlib import Path
from typing import Any, Final

import jiter
import pydantic_core
import pytest
from mcp_types.jsonrpc import JSONRPCRequest, jsonrpc_message_adapter

from tests.hostile.recorder import Recorder
from tests.hostile.rig import META, STATELESS_FIELDS, Gate, answers
from tests.support.programs import require_program
from yett.protocol.strict_json import read

CORPUS: Final = Path(__file__).parents[3] / "shared/corpora/json-minefield/test_parsing"
FILES: Final = sorted(CORPUS.glob("*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason="corpora/json-minefield is not beside the repository")

_OPENING: Final = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
_META: Final = json.dumps(META).encode()
PLACES: Final[dict[str, tuple[bytes, bytes, tuple[bytes, ...]]]] = {
    "the body": (b"", b"", ()),
    "the body of a stateless request": (b"", b"", STATELESS_FIELDS),
    "params": (_OPENING, b"}", ()),
    "a member of params": (_OPENING + b'{"name":"pay","x":', b"}}", ()),
    "arguments": (_OPENING + b'{"name":"pay","arguments":', b"}}", ()),
    "stateless arguments": (_OPENING + b'{"name":"pay","_meta":' + _META + b',"arguments":', b"}}", STATELESS_FIELDS),
    "an argument": (_OPENING + b'{"name":"pay","arguments":{"x":', b"}}}", ()),
}
"""Before, behind, and the fields that go with it."""
REFUSED_ON_PURPOSE: Final = {
    "y_object_duplicated_key.json": "readers disagree on which of the two counts",
    "y_object_duplicated_key_and_value.json": "the same; that both are equal makes no exception",
}
TAKEN_ON_PURPOSE: Final = {
    "i_number_double_huge_neg_exp.json": "all readers see zero, or as near to it as they can",
    "i_number_real_underflow.json": "the same",
    "i_number_too_big_neg_int.json": "an integer that binary64 rounds; policies judge the exact one, and call it ILL",
    "i_number_too_big_pos_int.json": "the same",
    "i_number_very_big_negative_int.json": "the same",
}
"""Documents that the corpus leaves open. The other thirty are refused: infinities, other encodings, half characters, depth."""
MEMORY_KIB_MAX: Final = 32 * 1024


def test_the_corpus_is_whole() -> None:
    assert len(FILES) == 318


@pytest.mark.parametrize("place", PLACES)
def test_each_document_is_refused_or_forwarded_as_the_bytes_that_were_judged(gate: Gate, recorder: Recorder, place: str) -> None:
    memory = gate.rss_kib()
    forwarded = forwarded_at(gate, recorder, place)
    assert set(forwarded) == expected_at(place)
    assert gate.rss_kib() - memory < MEMORY_KIB_MAX


def expected_at(place: str) -> set[str]:
    """The documents that a gateway must forward from this place: all sound ones that fit there, and no others."""
    sound = {file.name for file in FILES if file.name.startswith("y_")} - REFUSED_ON_PURPOSE.keys()
    match place:
        case "an argument" | "a member of params":
            return sound | TAKEN_ON_PURPOSE.keys()
        case "arguments" | "stateless arguments":
            return {name for name in sound if isinstance(json.loads((CORPUS / name).read_bytes()), dict)}
    return set()  # no document of the corpus is a message, or names a tool


def forwarded_at(gate: Gate, recorder: Recorder, place: str) -> dict[str, bytes]:
    """The documents that reach the server from this place, each with the bytes that did."""
    before, behind, fields = PLACES[place]
    forwarded = {}
    for file in FILES:
        body = before + file.read_bytes() + behind
        recorder.forget()
        status = _asked(gate, body, fields)
        assert status in {200, 400}, (file.name, status)
        assert bool(recorder.calls) == (status == 200), file.name
        if recorder.calls:
            assert [heard.body for heard in recorder.calls] == [body], file.name
            forwarded[file.name] = body
    return forwarded


def _asked(gate: Gate, body: bytes, fields: tuple[bytes, ...]) -> int:
    """The status of the answer; the connection must then serve a proper request."""
    with gate.connect() as wire:
        wire.sendall(gate.post(body, *fields))
        (answer,) = answers(wire.recv(65_536))
        assert answer.field(b"connection") is None
        wire.sendall(gate.post(b'{"jsonrpc":"2.0","id":9,"method":"ping"}'))
        (pong,) = answers(wire.recv(65_536))
        assert pong.json["id"] == 9
        return answer.status


@pytest.mark.parametrize("place", ["an argument", "stateless arguments", "a member of params"])
def test_what_is_forwarded_is_one_value_to_python_typescript_and_the_gateway(gate: Gate, recorder: Recorder, place: str) -> None:
    bodies = forwarded_at(gate, recorder, place)
    in_typescript = _as_node_reads(list(bodies.values()))
    for (name, body), node in zip(bodies.items(), in_typescript, strict=True):
        ours = read(body)
        assert _same(ours, json.loads(body)), name
        assert _same(ours, jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)), name
        assert _same(ours, pydantic_core.from_json(body)), name
        message = jsonrpc_message_adapter.validate_json(body, by_name=False)
        assert isinstance(message, JSONRPCRequest)
        assert isinstance(ours, dict)
        assert _same(ours["params"], message.params), name
        assert _same(ours, _undone(node)), name


def _same(ours: Any, theirs: Any) -> bool:
    """Whether both are one JSON value, where numbers are what binary64 makes of them."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, bool | str | None) or isinstance(theirs, bool | str | None):
        return type(ours) is type(theirs) and bool(ours == theirs)
    return math.isfinite(float(ours)) and float(ours) == float(theirs)


_SCRIPT: Final = """
const undo = value => {
  if (typeof value === 'number') return { n: Object.is(value, -0) ? '-0' : String(value) };
  if (Array.isArray(value)) return { a: value.map(undo) };
  if (value !== null && typeof value === 'object') return { o: Object.entries(value).map(([key, item]) => [key, undo(item)]) };
  return { v: value };
};
let input = '';
for await (const chunk of process.stdin) input += chunk;
const bodies = JSON.parse(input).map(text => new TextDecoder().decode(Buffer.from(text, 'base64')));
console.log(JSON.stringify(bodies.map(body => undo(JSON.parse(body)))));
"""


def _as_node_reads(bodies: list[bytes]) -> list[Any]:
    """Each body as `JSON.parse` sees it, which is what the TypeScript SDK uses; numbers as text, members in their order."""
    order = json.dumps([base64.b64encode(body).decode() for body in bodies])
    command = [str(require_program("node")), "--input-type=module", "--eval", _SCRIPT]
    done = subprocess.run(command, input=order, capture_output=True, text=True, timeout=30, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def _undone(node: dict[str, Any]) -> Any:
    ((kind, value),) = node.items()
    match kind:
        case "n":
            return float(value)
        case "a":
            return [_undone(item) for item in value]
        case "o":
            return {key: _undone(item) for key, item in value}
    return value
