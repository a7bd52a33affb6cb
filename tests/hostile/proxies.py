"""nginx and haproxy in front of the gateway, as people put them there: one connection to it, used again and again.

What a proxy forwards carries a mark that only the proxy knows, in a field that the gateway passes on. So the server behind the
gateway can tell a request that the proxy saw from one that the gateway read out of the inside of another.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile.rig import rest_of
from tests.support.ports import free_port
from tests.support.programs import require_program
from yett.gateway.tokens import mint

START_S: Final = 10.0
_NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_header_timeout 2s; client_body_timeout 2s; underscores_in_headers on; ignore_invalid_headers off;
  upstream gate {{ server 127.0.0.1:{gate}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://gate; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
      proxy_ignore_client_abort on;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Traceparent "{mark}$request_id";
    }}
  }}
}}
"""
_HAPROXY: Final = """
global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout http-request 2s
frontend front
  bind 127.0.0.1:{port}
  option forwardfor
  http-request set-header traceparent {mark}%[uuid()]
  default_backend gate
backend gate
  http-reuse always
  server gate 127.0.0.1:{gate} maxconn 1
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy."""

    port: int
    mark: bytes
    """How the value of `traceparent` begins in all that it forwards."""

    def told(self, data: bytes, *, come_from: str = "127.0.0.1") -> bytes:
        """All that is answered to what is sent on one connection, whose other side then closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(come_from, 0)) as wire:
            try:
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while it was still being sent
            return rest_of(wire)


def _nginx(folder: Path, text: str) -> list[str]:
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    return [str(require_program("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def _haproxy(folder: Path, text: str) -> list[str]:
    (folder / "haproxy.cfg").write_text(text.lstrip(), encoding="utf-8")
    return [str(require_program("haproxy")), "-db", "-q", "-f", str(folder / "haproxy.cfg")]


PROXIES: Final[dict[str, tuple[str, Callable[[Path, str], list[str]]]]] = {
    "nginx": (_NGINX, _nginx),
    "haproxy": (_HAPROXY, _haproxy),
}


@contextmanager
def running_proxy(name: str, folder: Path, gate: int) -> Iterator[Proxy]:
    """The proxy `name` in front of the gateway at the port `gate`."""
    require_program(name)
    template, command_of = PROXIES[name]
    port, mark = free_port(), mint()
    user = "user root;" if os.geteuid() == 0 else ""
    command = command_of(folder, template.format(folder=folder, port=port, gate=gate, mark=mark, user=user))
    log = folder / f"{name}.log"
    with log.open("wb") as errors, subprocess.Popen(command, stdout=errors, stderr=errors) as process:
        try:
            _wait(port, process, log)
            yield Proxy(port, mark.encode())
            assert process.poll() is None, log.read_text(encoding="utf-8")
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, f"does not listen after {START_S} s"
            time.sleep(0.02)
        else:
            return
