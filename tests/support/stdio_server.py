"""A stdio server that behaves as it is told. Run by path; standard library only.

The tool's name says what to do with a `tools/call`; every other request is answered with what it was.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SLEEPER = "import signal,time;signal.signal(15,signal.SIG_IGN);signal.signal(1,signal.SIG_IGN);time.sleep(300)"
cancelled: list[Any] = []
handshakes: list[Any] = []
held: list[Any] = []
strays: list[Any] = []
"""Answers to nothing that was asked."""
kept: list[subprocess.Popen[bytes]] = []


def say(message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def answer(id: Any, result: Any) -> None:
    say({"jsonrpc": "2.0", "id": id, "result": result})


def ask(method: str) -> Any:
    """A request of the server, and what came back."""
    say({"jsonrpc": "2.0", "id": f"ask {method}", "method": method})
    return json.loads(sys.stdin.readline())


def progress(token: Any, number: int) -> None:
    say({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": number}})


def see(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    own = {"argv": sys.argv[1:], "env": dict(os.environ), "cwd": str(Path.cwd()), "pid": os.getpid(), "params": params}
    answer(id, own | {"cancelled": cancelled, "handshakes": handshakes, "strays": strays, "id": id})


def progressing(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    for number in range(arguments["count"]):
        progress(params.get("_meta", {}).get("progressToken", id), number)
    if arguments.get("finish", True):
        answer(id, {"done": True})


def die(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    sys.stderr.write(arguments.get("words", "") + "\n")
    sys.stderr.flush()
    os._exit(arguments.get("status", 3))


def noise(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    sys.stdout.write("Listening on stdio\n\n[1,2]\n{not json}\n" + '{"jsonrpc":"2.0"}\n')
    answer(id, {"done": True})


def strangers(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    answer(id + 1000, {"stranger": True})
    answer("x", {"stranger": True})
    say({"jsonrpc": "2.0", "result": {"stranger": True}})
    answer(id, {"done": True})
    answer(id, {"done": "again"})


def no_id(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    say({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "cannot read that"}})


def asking(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    answer(id, {method: ask(method) for method in ("ping", "roots/list", "sampling/createMessage", "vendor/x")})


def tell(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "hello"}})
    say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    progress(999, 1)
    answer(id, {"done": True})


def big(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    answer(id, {"text": "x" * arguments["bytes"]})


def flood_stderr(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    sys.stderr.write(("e" * 1000 + "\n") * 300 + "the end\n")
    sys.stderr.flush()
    answer(id, {"done": True})


def cut_line(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": id, "result": {"cut": 1}})[:-5])
    sys.stdout.flush()
    os._exit(0)


def close_output(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    os.close(1)
    time.sleep(300)


def close_input(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    os.close(0)
    answer(id, {"done": True})
    time.sleep(300)


def deaf(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    answer(id, {"done": True})
    time.sleep(300)


def hang(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    pass


def hold(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    held.append(id)


def release(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    while held:
        answer(held.pop(), {"late": True})
    answer(id, {"done": True})


def spawn(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    argv = [sys.executable, "-I", "-S", "-c", SLEEPER]
    kept.extend(subprocess.Popen(argv, start_new_session=own) for own in arguments["own_session"])
    answer(id, {"pids": [os.getpid(), *(process.pid for process in kept)]})


def echo(id: Any, params: dict[str, Any], arguments: dict[str, Any]) -> None:
    answer(id, {"name": params["name"], "arguments": arguments})


TOOLS = {
    tool.__name__: tool
    for tool in (
        *(see, progressing, die, noise, strangers, no_id, asking, tell, big, flood_stderr, cut_line, close_output),
        *(close_input, deaf, hang, hold, release, spawn, echo),
    )
}


def main() -> None:
    if "--stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        message = json.loads(line)
        if "method" not in message:
            strays.append(message)
            continue
        if message["method"] == "notifications/cancelled":
            cancelled.append(message["params"]["requestId"])
        elif message["method"] in ("initialize", "notifications/initialized"):
            handshakes.append(message["method"])
        if message["method"] == "tools/call":
            params = message["params"]
            TOOLS[params["name"]](message["id"], params, params.get("arguments", {}))
        elif "id" in message:
            if "--refuse-handshake" in sys.argv:
                say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32600, "message": "no"}})
            else:
                answer(message["id"], {"was": message["method"], "pid": os.getpid()})
    if "--stubborn" in sys.argv:
        time.sleep(300)


if __name__ == "__main__":
    main()
