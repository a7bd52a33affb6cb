"""What people do without a client: look at projects, export them, take over the original's, ask what is set up."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from redbook_mcp.clock import SystemClock
from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.generation.times import day
from redbook_mcp.model import Project
from redbook_mcp.painters import open_painters, theme_names
from redbook_mcp.server.results import Json, project_json, summary_json
from redbook_mcp.settings import Settings
from redbook_mcp.storage import FileProjects, import_legacy

LEGACY_FILE: Final = "projects.json"
_SHEET_COLUMNS: Final = 5
_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one command; returns its exit code. Errors: RedBookError."""
    return _COMMANDS[arguments.command](arguments, settings)


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    projects = _store(settings).all()
    if arguments.json:
        return _write_json({"projects": [summary_json(project) for project in projects], "total": len(projects)})
    for project in projects:
        found = summary_json(project)
        _write(
            f"{_styled(_BOLD, project.id[:8])}  {found['imageCount']:>2}/{found['pageCount']:<2}  {project.status:<10}  "
            f"{_styled(_DIM, project.created_at[:16].replace('T', ' '))}  {_one_line(project.theme)}"
        )
    if not projects:
        _write(f"no projects in {settings.data_dir}")
    return 0


def _show(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _store(settings)
    project = _found(store, arguments.project)
    found = project_json(store, project)
    if arguments.json:
        return _write_json(found)
    _write(f"{_styled(_BOLD, _one_line(project.theme))}  {project.status}")
    _write(_styled(_DIM, f"{project.id}  created {project.created_at}  changed {project.updated_at}"))
    for page in project.outline:
        image = found["images"].get(str(page.number))
        failure = found["errors"].get(str(page.number))
        stale = " (of an earlier text)" if image and image["stale"] else ""
        _write(f"{page.number:>3}  {page.type:<8} {_one_line(page.title or page.content, 50)}")
        if image:
            _write(_styled(_DIM, f"     {image['path']}{stale}"))
        if failure:
            _write(f"     {failure['code']}: {failure['message']}")
    for check in found["checks"]:
        _write(f"{check['level']}: {check['message']}")
    return 0


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _store(settings)
    project = _found(store, arguments.project)
    path = Path(store.export(project.id, project.note))
    if arguments.to is not None:
        try:
            path = Path(shutil.copy(path, arguments.to))
        except OSError as error:
            raise RedBookError(Code.RETRIEVAL_FAILED, f"cannot write to {arguments.to}: {error.strerror}") from None
    return _write_json({"path": str(path)}) if arguments.json else _write(str(path))


def _sheet(arguments: argparse.Namespace, settings: Settings) -> int:
    """All pictures of a project on one, to be looked at together."""
    from redbook_mcp.render.sheet import contact_sheet  # noqa: PLC0415 - only this command draws

    store = _store(settings)
    project = _found(store, arguments.project)
    shown = [(page, version) for page in project.outline if (version := project.shown(page.number)) is not None]
    if not shown:
        raise RedBookError(Code.INVALID_INPUT, "the project has no pictures yet; draw some with generate_images")
    cards = [(file, page) for page, version in shown for file in version.files]
    images = [store.read(project.id, file) for file, _ in cards]
    path = Path(arguments.to or f"{project.id[:8]}.png")
    titles = [f"{page.number} · {page.title or page.type}" for _, page in cards]
    rows = -(-len(cards) // _SHEET_COLUMNS)
    try:
        path.write_bytes(contact_sheet(images, titles, columns=-(-len(cards) // rows)))
    except OSError as error:
        raise RedBookError(Code.RETRIEVAL_FAILED, f"cannot write {path}: {error.strerror}") from None
    return _write_json({"path": str(path.resolve())}) if arguments.json else _write(str(path.resolve()))


def _themes(arguments: argparse.Namespace, _: Settings) -> int:
    names = theme_names()
    return _write_json({"themes": list(names)}) if arguments.json else _write("\n".join(names))


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    """Nothing is asked of a provider."""
    clock = SystemClock()
    problems: list[str] = list(settings.warnings)
    facts: Json = {"dataDir": str(settings.data_dir), "provider": settings.provider}
    try:
        store = FileProjects(settings.data_dir, clock)
        facts["projects"] = len(store.all())
        facts["imagesToday"] = store.spent(day(clock))
    except RedBookError as error:
        problems.append(error.message)
    facts["imagesPerDay"] = settings.images_per_day
    facts["referenceDirs"] = [str(folder) for folder in settings.reference_dirs]
    facts["themes"] = list(theme_names())
    if settings.theme is not None and settings.theme not in facts["themes"]:
        problems.append(f"REDBOOK_THEME: there is no theme {settings.theme}; there is {', '.join(facts['themes'])}")
    painters = open_painters(settings, clock)
    facts["painters"] = list(painters.names)
    for name in painters.names:
        try:
            facts[f"model of {name}"] = painters.chosen(name).model
        except RedBookError as error:
            problems.append(f"{name}: {error.message}")
    if arguments.json:
        _write_json({**facts, "problems": problems})
    else:
        _write_facts(facts)
        for problem in problems:
            _write(f"{_styled(_BOLD, 'problem:')} {problem}")
        if not problems:
            _write("nothing is wrong")
    return 1 if problems else 0


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    folder = Path(arguments.folder)
    if not (folder / LEGACY_FILE).is_file():
        raise RedBookError(Code.INVALID_INPUT, f"{folder} holds no {LEGACY_FILE} of the original server")
    found = import_legacy(folder, _store(settings))
    if arguments.json:
        return _write_json({"imported": list(found.projects), "warnings": list(found.warnings)})
    for warning in found.warnings:
        _write(f"{_styled(_BOLD, 'note:')} {warning}")
    return _write(f"{len(found.projects)} projects taken over")


def _store(settings: Settings) -> FileProjects:
    return FileProjects(settings.data_dir, SystemClock())


def _found(store: FileProjects, name: str) -> Project:
    """The project of an id, or the only one whose id begins so."""
    matching = [project for project in store.all() if project.id.startswith(name)] if len(name) >= 4 else []
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise RedBookError(Code.INVALID_INPUT, f"{len(matching)} projects begin with {name}; give more of the id")
    return store.get(name)


def _write_facts(facts: Mapping[str, object]) -> None:
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else "no limit" if value is None else value
        _write(f"{_styled(_DIM, f'{name}:')} {shown}")


def _one_line(text: str, most: int = 60) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _styled(style: str, text: str) -> str:
    is_plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if is_plain else f"{style}{text}{_PLAIN}"


def _write(line: str) -> int:
    sys.stdout.write(f"{line}\n")
    return 0


def _write_json(value: Json) -> int:
    return _write(json.dumps(value, ensure_ascii=False, indent=2))


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Settings], int]]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "sheet": _sheet,
    "themes": _themes,
    "doctor": _doctor,
    "import": _import,
}
