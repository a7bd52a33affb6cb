"""The settings file of Claude Code: our hook put in, and taken out again; everything else stays."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from yett.errors import OperatorFault
from yett.scan.hooking import EVENT, MATCHER

TIMEOUT_S: Final = 30
SUFFIX: Final = " scan hook"
"""How our command ends, wherever `yett` is installed."""
_INDENT: Final = re.compile(r"^\{\s*\n([ \t]+)")


def settings_file(environment: Mapping[str, str], home: Path, *, project: bool) -> Path:
    """The file: of the project here, or of this user."""
    if project:
        return Path(".claude") / "settings.json"
    folder = environment.get("CLAUDE_CONFIG_DIR")
    return (Path(folder) if folder else home / ".claude") / "settings.json"


def install(path: Path, command: str) -> bool:
    """The hook stands in the file once, with this command. False where it stood there before. Errors: `OperatorFault`."""
    text, value = _read(path)
    groups = _groups(path, value)
    ours = [hook for group in groups for hook in _hooks(group) if _is_ours(hook)]
    if len(ours) == 1 and ours[0].get("command") == command:
        return False
    _take_out(groups)
    groups.append({"matcher": MATCHER, "hooks": [{"type": "command", "command": command, "timeout": TIMEOUT_S}]})
    _write(path, text, value)
    return True


def remove(path: Path) -> bool:
    """The hook is not in the file. False where it was not there before. Errors: `OperatorFault`."""
    text, value = _read(path)
    groups = _groups(path, value)
    if not any(_is_ours(hook) for group in groups for hook in _hooks(group)):
        return False
    _take_out(groups)
    if not groups:
        del value["hooks"][EVENT]
    if not value["hooks"]:
        del value["hooks"]
    _write(path, text, value)
    return True


def _take_out(groups: list[Any]) -> None:
    """Our hooks, and groups that held nothing else."""
    for group in list(groups):
        hooks = _hooks(group)
        left = [hook for hook in hooks if not _is_ours(hook)]
        if len(left) < len(hooks):
            group["hooks"] = left
            if not left:
                groups.remove(group)


def _hooks(group: Any) -> list[Any]:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return hooks if isinstance(hooks, list) else []


def _is_ours(hook: Any) -> bool:
    command = hook.get("command") if isinstance(hook, dict) else None
    return isinstance(command, str) and "yett" in command and command.endswith(SUFFIX)


def _groups(path: Path, value: dict[str, Any]) -> list[Any]:
    """The list of the event, made where it is not there."""
    hooks = value.setdefault("hooks", {})
    groups = hooks.setdefault(EVENT, []) if isinstance(hooks, dict) else None
    if not isinstance(groups, list):
        raise OperatorFault(f"`{path}`: `hooks` is not as Claude Code has it; nothing was changed")
    return groups


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "", {}
    except OSError as error:
        raise OperatorFault(f"`{path}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise OperatorFault(f"`{path}` is not UTF-8; nothing was changed") from None
    try:
        value = json.loads(text or "{}", object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise OperatorFault(f"`{path}` is no JSON (line {error.lineno}); repair it first, nothing was changed") from error
    except (ValueError, RecursionError) as error:
        raise OperatorFault(f"`{path}` cannot be read in one way; nothing was changed") from error
    if not isinstance(value, dict):
        raise OperatorFault(f"`{path}` is no object; nothing was changed")
    return text, value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _write(path: Path, before: str, value: dict[str, Any]) -> None:
    """With the indentation that was there; whole or not at all, and in the place that a link leads to."""
    found = _INDENT.match(before)
    text = json.dumps(value, indent=found[1] if found else 2, ensure_ascii=False) + "\n"
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            beside.chmod(target.stat().st_mode & 0o777)
        beside.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise OperatorFault(f"cannot write `{path}`: {error}; nothing was changed") from error
