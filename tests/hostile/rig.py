"""A data plane in a process of its own, with a grant that may call one tool, and clients that send bytes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from tests.hostile.recorder import Recorder
from tests.support.ports import free_port
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import load_settings

PATIENCE_S: Final = 8.0
PATH: Final = b"/mcp/recorder"
POLICY: Final = {"version": "1", "default": "deny", "tools": {"pay": {}}, "hide": ["rm"]}
JSON_FIELDS: Final = (b"content-type: application/json", b"accept: application/json, text/event-stream")
STATELESS_FIELDS: Final = (
    *JSON_FIELDS,
    *(b"mcp-protocol-version: 2026-07-28", b"mcp-method: tools/call", b"mcp-name: pay"),
)
META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read by a reader that takes nothing but its plainest form."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)

    def field(self, name: bytes) -> bytes | None:
        """The one field of this name."""
        found = [value for key, value in self.fields if key == name]
        assert len(found) <= 1
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Gate:
    """The running data plane."""

    port: int
    pid: int
    token: str
    other_token: str
    """Of a second grant, which may do the same."""
    state: Path
    log: Path

    @property
    def authorization(self) -> bytes:
        """The field that a valid grant sends."""
        return b"authorization: Bearer " + self.token.encode()

    def connect(self) -> socket.socket:
        """A fresh connection."""
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def post(self, body: bytes, *fields: bytes, authorization: bytes | None = None) -> bytes:
        """A proper request with this body."""
        chosen = (authorization or self.authorization, *(fields or JSON_FIELDS))
        lines = (b"POST %b HTTP/1.1" % PATH, b"host: 127.0.0.1", *chosen, b"content-length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def told(self, data: bytes) -> list[Answer]:
        """All answers to what is sent on one connection, whose other side then closes; it must end in order."""
        with self.connect() as wire:
            try:
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while it was still being sent
            return answers(rest_of(wire))

    def ask(self, body: bytes, *fields: bytes) -> Answer:
        """The one answer to a proper request. The client stays until it has it: leaving would cancel a stateless one."""
        with self.connect() as wire:
            wire.sendall(self.post(body, b"connection: close", *(fields or JSON_FIELDS)))
            found = answers(rest_of(wire))
        assert len(found) == 1, found
        return found[0]

    def rss_kib(self) -> int:
        """Memory of the process now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])

    def cpu_s(self) -> float:
        """Seconds that the process has worked."""
        own = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(own[11]) + int(own[12])) / os.sysconf("SC_CLK_TCK")

    def outcomes(self) -> list[str | None]:
        """What came of each recorded call that was allowed, oldest first; None for one that is not settled."""
        query = "SELECT result FROM calls LEFT JOIN outcomes USING (seq) WHERE decision = 'allow' ORDER BY seq"
        connection = apsw.Connection(str(self.state / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return [row[0] for row in connection.execute(query)]
        finally:
            connection.close()

    def faults(self) -> str:
        """What the process wrote about faults of its own."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text if "Traceback" in text or "Error" in text else ""


def call(name: str = "pay", arguments: Any = None, *, id: Any = 1, stateless: bool = False) -> bytes:
    """A tool call."""
    params: dict[str, Any] = {"name": name, "arguments": {} if arguments is None else arguments}
    if stateless:
        params["_meta"] = META
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).encode()


def rest_of(wire: socket.socket) -> bytes:
    """All bytes until the gateway closes."""
    data = b""
    try:
        while piece := wire.recv(65_536):
            data += piece
    except ConnectionError:
        pass
    return data


def answers(data: bytes) -> list[Answer]:
    """These bytes as whole answers and nothing else. Interim ones are passed over."""
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"the head of an answer is cut: {head[:200]!r}"
        line, *rows = head.split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [A-Za-z -]*", line)
        assert match, line
        pairs = [row.split(b": ", 1) for row in rows]
        fields = tuple((name.lower(), value) for name, value in pairs)
        status, names = int(match[1]), [name for name, _ in fields]
        if status < 200:
            continue
        body, data = _body(dict(fields), names, data)
        found.append(Answer(status, fields, body))
    return found


def _body(fields: dict[bytes, bytes], names: list[bytes], data: bytes) -> tuple[bytes, bytes]:
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == 1, names
    if b"content-length" in fields:
        length = int(fields[b"content-length"])
        assert len(data) >= length, "the body of an answer is cut"
        return data[:length], data[length:]
    assert fields[b"transfer-encoding"] == b"chunked"
    body = b""
    while True:
        size, end, data = data.partition(b"\r\n")
        assert end, "a chunked answer is cut"
        length = int(size, 16)
        assert data[length : length + 2] == b"\r\n", "a chunked answer is cut"
        body, data = body + data[:length], data[length + 2 :]
        if not length:
            return body, data


@contextmanager
def data_plane(directory: Path, recorder: Recorder, *, extra: str = "") -> Iterator[Gate]:
    """The gateway in front of `recorder`, with one valid grant."""
    port, config, log = free_port(), directory / "yett.toml", directory / "log"
    config.write_text(f'[state]\ndirectory = "{directory / "state"}"\n[data_plane]\nport = {port}\n{extra}', encoding="utf-8")
    settings = load_settings(config, {})
    key, token, other = token_key(settings.state_dir), mint(), mint()
    snapshot = SnapshotData(
        revision=1,
        origin="o",
        servers=[ServerEntry(organisation="o", id="s", name="recorder", url=f"http://127.0.0.1:{recorder.port}/mcp")],
        grants=[
            GrantEntry(organisation="o", id=id, digest=digest(of_grant, key), server="s", policy="p")
            for id, of_grant in (("g", token), ("h", other))
        ],
        policies=[PolicyEntry(id="p", organisation="o", name="p", revision="1-0", document=json.dumps(POLICY))],
    )
    store_snapshot(settings.state_dir / SNAPSHOT_FILE, snapshot)
    command = [sys.executable, "-X", "dev", "-m", "yett.app.data_plane", "--config", str(config)]
    with log.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(b"listening"), (line, log.read_text(encoding="utf-8"))
            yield Gate(port, process.pid, token, other, settings.state_dir, log)
        finally:
            process.terminate()
            process.wait(20)
