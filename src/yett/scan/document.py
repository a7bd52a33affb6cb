"""The text of a configuration file as a value, and on which lines its parts stand. Errors say nothing of the content."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from yett.errors import YettError
from yett.scan.dialects import Format

YAML_CHARS_MAX: Final = 1024 * 1024
"""YAML is read slowly."""
PARTS_MAX: Final = 100_000
"""Parts of a YAML file, counting again what aliases repeat."""
DEPTH_MAX: Final = 100
_COMMENTS: Final = re.compile(r'("(?:[^"\\]|\\.)*+")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*+[\]}])', re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
Place = tuple[str | int, ...]


class BadFile(YettError):
    """A file that cannot be read as what it should be. Says nothing of its content."""


def read_document(text: str, form: Format) -> Any:
    """What stands in the file, as plain values. Errors: `BadFile`, with the line where there is one."""
    if form is Format.TOML:
        return _toml(text)
    return _yaml(text) if form is Format.YAML else _json(text)


def lines_of(text: str, form: Format, places: Collection[Place]) -> dict[Place, int]:
    """The lines, from 1, on which these parts of a readable file begin, as far as that can be told."""
    if form is Format.TOML:
        return _toml_lines(text, places)
    return _yaml_lines(text, places) if form is Format.YAML else _json_lines(text, places)


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no TOML{_position(error)}") from None


def _json(text: str) -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError:
        pass
    except _TwiceError:
        raise BadFile(_twice(text)) from None
    try:
        return _loads(without_comments(text))
    except _TwiceError:
        raise BadFile(_twice(text)) from None
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no JSON{_position(error)}") from None


class _TwiceError(Exception):
    """A key stands twice in one object."""


def _twice(text: str) -> str:
    """What to say of a key that stands twice, with the line of the second."""
    keys: list[set[str] | None] = []  # of each object that is open; None for a list
    is_key = False
    for token in _TOKEN.finditer(without_comments(text)):
        word = token[0]
        if word in "{[":
            keys.append(set() if word == "{" else None)
        elif word in "}]":
            keys.pop()
        elif is_key and keys[-1] is not None:
            key = json.loads(word)
            if key in keys[-1]:
                return f"a key stands twice in one object (line {_line_at(text, token.start())}), and clients may read either"
            keys[-1].add(key)
        is_key = word in "{,"
    return "a key stands twice in one object, and clients may read either"


def _line_at(text: str, start: int) -> int:
    return text.count("\n", 0, start) + 1


def without_comments(text: str) -> str:
    """`text` of the same length and lines, with blanks for comments and for a comma that stands behind the last element."""
    before, end = "", 0

    def put(found: re.Match[str]) -> str:
        nonlocal before, end
        before = text[end : found.start()].rstrip()[-1:] or before
        end = found.end()
        if found[1]:
            before = '"'
            return found[1]
        if found[0] == "," and before in "{[,:":
            return ","
        return re.sub(r"[^\n]", " ", found[0])

    return _COMMENTS.sub(put, text)


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise BadFile("it is nested too deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise BadFile("it has a number that is too large") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may take a name that stands twice differently."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _TwiceError
    return value


def _yaml(text: str) -> Any:
    if len(text) > YAML_CHARS_MAX:
        raise BadFile(f"it is YAML of more than {YAML_CHARS_MAX:,} characters")
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadFile(f"it is no YAML that can be read in one way{_position(error)}") from None
    return _plain(value, [PARTS_MAX], 0)


def _plain(value: Any, left: list[int], depth: int) -> Any:
    """Values as JSON has them; `left` counts down how many more there may be, for aliases multiply."""
    left[0] -= 1
    if left[0] < 0 or depth > DEPTH_MAX:
        raise BadFile("it is nested too deep, or its aliases repeat too much")
    if isinstance(value, dict):
        return {str(key): _plain(one, left, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, left, depth + 1) for one in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _position(error: Exception) -> str:
    """The line, which names nothing of the content."""
    line = getattr(error, "lineno", None)
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        line = mark.line + 1
    if line is None:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else None
    return f" (line {line})" if line else ""


def _json_lines(text: str, places: Collection[Place]) -> dict[Place, int]:
    """One walk over the tokens; `way` is where it stands, one key or number for each open object or list."""
    found: dict[Place, int] = {}
    way: list[str | int] = []
    is_key = False
    for token in _TOKEN.finditer(without_comments(text)):
        word = token[0]
        if word in "{[":
            way.append("" if word == "{" else 0)
            is_key = word == "{"
            _note(found, way, places, text, token.start())
        elif word in "}]":
            way.pop()
            is_key = False
        elif word == ",":
            is_key = isinstance(way[-1], str)
            way[-1] = way[-1] if isinstance(way[-1], str) else way[-1] + 1
        elif is_key and word != ":":
            way[-1], is_key = json.loads(word), False
            _note(found, way, places, text, token.start())
    return found


def _note(found: dict[Place, int], way: list[str | int], places: Collection[Place], text: str, start: int) -> None:
    for place in (tuple(way), tuple(way[:-1])):
        if place in places and place not in found:
            found[place] = _line_at(text, start)


def _toml_lines(text: str, places: Collection[Place]) -> dict[Place, int]:
    """Heads of tables, and lines that are whole by themselves."""
    found: dict[Place, int] = {}
    roots = {str(place[0]) for place in places}
    for number, line in enumerate(text.split("\n"), 1):
        if not any(root in line for root in roots):
            continue
        try:
            value: Any = tomllib.loads(line)
        except ValueError:
            continue
        for place in places:
            if place not in found and _reaches(value, place):
                found[place] = number
    return found


def _reaches(value: Any, place: Place) -> bool:
    for key in place:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def _yaml_lines(text: str, places: Collection[Place]) -> dict[Place, int]:
    top = YAML(typ="safe", pure=True).compose(text)
    found = {place: _yaml_line(top, place) for place in places}
    return {place: line for place, line in found.items() if line is not None}


def _yaml_line(node: Node | None, place: Place) -> int | None:
    line = None
    for key in place:
        if isinstance(node, MappingNode):
            pairs = [(name, value) for name, value in node.value if name.value == str(key)]
            if not pairs:
                return None
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return None
    return line
