"""A program of ours, imported once and copied for each launcher: `python -m tests.conformance.forks SOCKET MODULE`.

The module's `run(arguments)` is what a copy does, with the launcher's streams and environment.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Final

ORDER_BYTES_MAX: Final = 1024 * 1024


def serve(path: str, run: Callable[[list[str]], None]) -> None:
    """Copy this process for each connection until killed; the first line on stdout is the path."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print(path, flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _become(connection, run)
            connection.close()


def _become(connection: socket.socket, run: Callable[[list[str]], None]) -> None:
    """Be the program that the launcher stands for; it ends when this does."""
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    arguments, environment = json.loads(_exactly(connection, int.from_bytes(length, "big")))
    os.environ.update(environment)
    status = b"1"
    try:
        run(arguments)
        status = b"0"
    except BaseException:  # noqa: BLE001 - whatever ends a copy is said on its stderr, and must not run the listener's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        connection.sendall(status)
        os._exit(0)


def _exactly(connection: socket.socket, size: int) -> bytes:
    assert size <= ORDER_BYTES_MAX
    content = b""
    while len(content) < size and (part := connection.recv(size - len(content))):
        content += part
    return content


if __name__ == "__main__":
    serve(sys.argv[1], importlib.import_module(sys.argv[2]).run)
