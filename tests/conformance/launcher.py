"""Stands for a program that `forks` keeps imported: hands it the arguments, the environment and the streams, and stays until
the copy is done.

The gateway starts a child for each session, and the suite a client for each scenario; the SDK takes most of a second to
be imported, this a fiftieth. `python -I -S launcher.py SOCKET ARG…`; standard library only.
"""

from __future__ import annotations

import json
import os
import socket
import sys

if os.environ.get("MCP_CONFORMANCE_SCENARIO", "").startswith("auth/") is not ("YETT_CONFORMANCE_AUTH" in os.environ):
    sys.exit(1)  # the suite runs all scenarios together; those that nobody asks for end at once

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    environment = {name: value for name, value in os.environ.items() if name.startswith(("MCP_", "YETT_"))}
    order = json.dumps([sys.argv[2:], environment]).encode()
    socket.send_fds(connection, [len(order).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(order)
    for number in (0, 1):
        os.close(number)
    sys.exit(0 if connection.recv(1) == b"0" else 1)
