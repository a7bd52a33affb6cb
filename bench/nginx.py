"""nginx twice: as the server behind every candidate, and as the plain reverse proxy that all are compared with."""

from __future__ import annotations

import os
from pathlib import Path

_FRAME = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s; client_body_buffer_size 64k;
  {body}
}}
"""


def write_upstream(folder: Path, port: int, answer: str, fallback: str) -> list[str]:
    """A server that answers every `tools/call` with `answer`; other methods go to `fallback`, which is slow and complete."""
    body = f"""
  server {{
    listen 127.0.0.1:{port};
    location / {{
      if ($http_mcp_method = "tools/call") {{ return 200 '{answer}'; }}
      proxy_pass {fallback};
    }}
  }}"""
    return _write(folder, body)


def write_proxy(folder: Path, port: int, upstream: int) -> list[str]:
    """A plain reverse proxy with kept-alive upstream connections."""
    body = f"""
  upstream servers {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}"""
    return _write(folder, body)


def _write(folder: Path, body: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(_FRAME.format(folder=folder, user=user, body=body), encoding="utf-8")
    return ["nginx", "-p", str(folder), "-c", str(path), "-e", "stderr"]
