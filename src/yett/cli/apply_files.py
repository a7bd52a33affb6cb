"""Documents of `yett apply` and `yett export` as files: one a file, YAML or JSON, below one directory."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import msgspec

from yett.admin.apply_plan import name_of
from yett.admin.apply_views import BY_KIND, Document, PolicyDocument
from yett.cli.output import CommandError, Exit
from yett.policy.canonical import canonical_json
from yett.policy.document import looks_like_yaml, read_json, read_yaml
from yett.policy.errors import PolicyErrors
from yett.policy.parse import parse_policy

SUFFIXES: Final = (".yaml", ".yml", ".json")
FILE_BYTES_MAX: Final = 1024 * 1024
FOLDERS: Final = {"server": "servers", "policy": "policies", "grant": "grants"}
_UNSAFE: Final = set('/\\:*?"<>|\0')


def read_directory(directory: Path) -> list[Document]:
    """Every document below `directory`. Errors: `CommandError`, with every file that is wrong."""
    paths = sorted(path for path in directory.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise CommandError(
            f"`{directory}` holds no document; `yett export {directory}` writes what there is", exit_code=Exit.NOT_RUN
        )
    found, wrong = [], []
    for path in paths:
        try:
            found.append(_read(path))
        except (CommandError, PolicyErrors, OSError, msgspec.ValidationError) as error:
            wrong.append(f"{path.relative_to(directory)}: {_reason(error)}")
    if wrong:
        count = "1 file is" if len(wrong) == 1 else f"{len(wrong)} files are"
        raise CommandError(f"{count} not usable", exit_code=Exit.FAILED, details=wrong)
    return found


def write_directory(directory: Path, documents: list[Document]) -> list[Path]:
    """Write each document to a file of its own; the files, none of which existed. Errors: `CommandError`."""
    if directory.exists() and any(directory.iterdir()):
        raise CommandError(f"`{directory}` is not empty; name another directory, or empty it", exit_code=Exit.NOT_RUN)
    written = []
    for document in documents:
        steps = [_file_name(step) for step in name_of(document).split("/", 1)]
        path = _free(directory.joinpath(FOLDERS[document.kind], *steps[:-1], f"{steps[-1]}.json"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_said(document), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _read(path: Path) -> Document:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise CommandError(f"larger than {FILE_BYTES_MAX:,} bytes", exit_code=Exit.FAILED)
    data = path.read_bytes()
    value: Any = read_yaml(data) if looks_like_yaml(path.name) else read_json(data)
    if not isinstance(value, dict):
        raise CommandError("a document is an object with a `kind`", exit_code=Exit.FAILED)
    kind = value.get("kind")
    if kind not in BY_KIND:
        known = ", ".join(f"`{name}`" for name in BY_KIND)
        raise CommandError(f"`kind` must be one of {known}, not `{kind}`", exit_code=Exit.FAILED)
    structure = BY_KIND[kind]
    _refuse_unknown(value, structure)
    if structure is PolicyDocument and not isinstance(value.get("document"), str):
        value = {**value, "document": canonical_json(parse_policy(value.get("document")))}
    return msgspec.convert(value, structure)


def _refuse_unknown(value: Mapping[str, Any], structure: type[Any]) -> None:
    known = [field.name for field in fields(structure)]
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f", did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{name}`' for name in known)}"
            raise CommandError(f"unknown key `{key}`{hint}", exit_code=Exit.FAILED)


def _said(document: Document) -> dict[str, Any]:
    """What the file holds: what differs from a default, and a policy as an object."""
    said = {}
    for field in fields(document):
        name, value = field.name, getattr(document, field.name)
        empty = field.default_factory() if callable(field.default_factory) else field.default
        if value != empty:
            said[name] = json.loads(value) if name == "document" else value
    return said


def _free(path: Path) -> Path:
    """`path`, or one like it: labels that differ may have one file name, and what is not written would be pruned."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _file_name(step: str) -> str:
    """`step` as the name of a file on any system."""
    plain = "".join("_" if char in _UNSAFE or ord(char) < 32 else char for char in step).strip(". ")
    return plain[:100] or "_"


def _reason(error: Exception) -> str:
    if isinstance(error, PolicyErrors):
        return "; ".join(f"`{one.pointer}`: {one.message}" if one.pointer else one.message for one in error.errors)
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return str(error)
