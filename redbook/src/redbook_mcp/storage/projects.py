"""Projects in a folder, one folder for each, shared by as many processes as there are.

projects/{id}/project.json            the record; it appears last and names everything that counts
projects/{id}/images/{n}/v{k}.png     version k of page n, its continuation cards v{k}-2.png and so on
projects/{id}/prompts/{n}.v{k}.txt    what was asked for it; written before the pictures
projects/{id}/references/{sha256}.png reference pictures that came with a call
projects/{id}/export/{title}.zip
budget.json                           pictures counted by day
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Note, Page, Project, Status
from redbook_mcp.outline import page_digest
from redbook_mcp.ports import Clock
from redbook_mcp.storage import files, locks
from redbook_mcp.storage.budget import Budget
from redbook_mcp.storage.export import export_project
from redbook_mcp.storage.faults import storage_faults
from redbook_mcp.storage.members import BadRecord
from redbook_mcp.storage.records import FILE, REFERENCE, from_json, is_id, to_json

LOCK_WAIT_S: Final = 10.0
"""A change takes milliseconds; who waits longer stands behind something that hangs."""
PAINTING_WAIT_S: Final = 0.25
"""A look whether somebody paints holds the lock for an instant."""
RECORD_BYTES_MAX: Final = 16 * 1024 * 1024
PICTURE_BYTES_MAX: Final = 64 * 1024 * 1024

_RECORD: Final = "project.json"
_LOCK: Final = ".lock"
_PAINTING: Final = ".painting"
_VERSION_FILE: Final = re.compile(r"v([1-9][0-9]{0,5})(?:-[0-9]+)?\.png")
_PROMPT_FILE: Final = re.compile(r"([1-9][0-9]{0,3})\.v([1-9][0-9]{0,5})\.txt")
_SUFFIXES: Final = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"))
_LOG: Final = logging.getLogger(__name__)


class FileProjects:
    """`ports.Projects` over a folder. Safe from several threads and processes; every method may block for `lock_wait_s`."""

    def __init__(self, root: Path, clock: Clock, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        """Makes the folder (0700) if need be. Errors: UPDATE_FAILED."""
        locks.require_locks()
        self._root = root.absolute()
        self._clock = clock
        self._wait_s = lock_wait_s
        with storage_faults(Code.UPDATE_FAILED, f"make the data folder {self._root}"):
            self._root.mkdir(mode=files.FOLDER_MODE, parents=True, exist_ok=True)
            with files.folder(self._root, "projects", make=True):
                pass
        self._budget = Budget(self._root, lock_wait_s)

    def create(self, project: Project) -> None:
        """Errors: INVALID_INPUT for an id that is none; CONFLICT if there is such a project."""
        if not is_id(project.id):
            raise RedBookError(Code.INVALID_INPUT, "a project's id must be a UUID, version 4, in lower case")
        content = _checked(project)
        with (
            storage_faults(Code.UPDATE_FAILED, f"store project {project.id}"),
            files.folder(self._root, "projects", project.id, make=True) as folder,
            self._locked(folder, project.id),
        ):
            if files.exists(folder, _RECORD):
                raise RedBookError(Code.CONFLICT, f"there is a project {project.id} already")
            files.write(folder, _RECORD, content)

    def get(self, project_id: str) -> Project:
        """Errors: PROJECT_NOT_FOUND; RETRIEVAL_FAILED, naming the file, if its record is broken or of a newer RedBook."""
        with self._folder(project_id) as folder:
            return self._load(folder, project_id)

    def has(self, project_id: str) -> bool:
        """Whether there is a record of that id, were it a broken one."""
        try:
            with self._folder(project_id):
                return True
        except RedBookError as error:
            if error.code is Code.PROJECT_NOT_FOUND:
                return False
            raise

    def all(self) -> list[Project]:
        """Newest first. A project that cannot be read is left out, and the log says why."""
        with storage_faults(Code.RETRIEVAL_FAILED, "list the projects"), files.folder(self._root, "projects") as folder:
            ids = [name for name in files.names(folder) if is_id(name)]
        found = []
        for project_id in ids:
            try:
                found.append(self.get(project_id))
            except RedBookError as error:
                if error.code is not Code.PROJECT_NOT_FOUND:
                    _LOG.warning("left out of the list: %s", error.message)
        return sorted(found, key=lambda project: (project.created_at, project.id), reverse=True)

    def change(self, project_id: str, edit: Callable[[Project], Project]) -> Project:
        """Read, edit and write under the project's lock. Errors: those of `get`, CONFLICT (retryable) if the lock is not had."""
        with self._folder(project_id) as folder, self._locked(folder, project_id):
            before = self._load(folder, project_id)
            edited = edit(before)
            if edited.id != project_id:
                raise RedBookError(Code.UPDATE_FAILED, "a change must not change the project's id")
            after = replace(edited, updated_at=later(before.updated_at, self._clock.now_ns()))
            with storage_faults(Code.UPDATE_FAILED, f"store project {project_id}"):
                files.sweep(folder)
                files.write(folder, _RECORD, _checked(after))
        return after

    def painting(self, project_id: str) -> AbstractContextManager[None]:
        """See `ports.Projects`."""
        return self._painting(project_id)

    @contextmanager
    def _painting(self, project_id: str) -> Iterator[None]:
        def busy(since: str) -> RedBookError:
            begun = f" since {since}" if since else ""
            return RedBookError(
                Code.CONFLICT, f"project {project_id} is being painted{begun}; ask again when it is done", retryable=True
            )

        since = timestamp(self._clock.now_ns())
        with (
            self._folder(project_id) as folder,
            locks.held(folder, _PAINTING, wait_s=min(self._wait_s, PAINTING_WAIT_S), busy=busy, note=since),
        ):
            yield

    def keep_version(self, project_id: str, page: int, cards: tuple[bytes, ...], prompt: str) -> tuple[int, tuple[str, ...]]:
        """Write a page's next version, its prompt first. A number is never used twice, were its files never recorded."""
        if not 1 <= page <= 9999 or not 1 <= len(cards) <= 99:
            raise RedBookError(Code.INVALID_INPUT, "a version needs a page from 1 and 1 to 99 cards")
        with self._folder(project_id) as folder, self._locked(folder, project_id):
            recorded = [version.number for version in self._load(folder, project_id).versions.get(page, ())]
            return self.write_version(project_id, page, cards, prompt, recorded)

    def write_version(
        self, project_id: str, page: int, cards: tuple[bytes, ...], prompt: str, recorded: Sequence[int] = ()
    ) -> tuple[int, tuple[str, ...]]:
        """As `keep_version`, for who holds the lock or makes a project that nobody sees yet; `recorded` are versions in use."""
        place = (self._root, "projects", project_id)
        with (
            storage_faults(Code.UPDATE_FAILED, f"store the picture of page {page}"),
            files.folder(*place, "prompts", make=True) as prompts,
            files.folder(*place, "images", str(page), make=True) as images,
        ):
            files.sweep(prompts)
            files.sweep(images)
            drawn = [int(found[1]) for name in files.names(images) if (found := _VERSION_FILE.fullmatch(name))]
            asked = [found.groups() for name in files.names(prompts) if (found := _PROMPT_FILE.fullmatch(name))]
            number = 1 + max([0, *recorded, *drawn, *(int(version) for of_page, version in asked if int(of_page) == page)])
            files.write(prompts, f"{page}.v{number}.txt", prompt.encode("utf-8", "replace"))
            names = [f"v{number}.png", *(f"v{number}-{part}.png" for part in range(2, len(cards) + 1))]
            for name, card in zip(names, cards, strict=True):
                files.write(images, name, card)
        return number, tuple(f"images/{page}/{name}" for name in names)

    def keep_reference(self, project_id: str, picture: bytes) -> str:
        """See `ports.Projects`. Errors: INVALID_INPUT if it is neither PNG, JPEG nor WebP."""
        suffix = next((suffix for magic, suffix in _SUFFIXES if picture.startswith(magic)), None)
        if suffix is None or not is_id(project_id):
            raise RedBookError(Code.INVALID_INPUT, "a reference picture must be a PNG, JPEG or WebP")
        name = f"{hashlib.sha256(picture).hexdigest()}.{suffix}"
        with (
            storage_faults(Code.UPDATE_FAILED, "store the reference picture"),
            files.folder(self._root, "projects", project_id, "references", make=True) as folder,
        ):
            if not files.exists(folder, name):
                files.write(folder, name, picture)
        return f"references/{name}"

    def read(self, project_id: str, file: str) -> bytes:
        """The bytes of a picture of the project. Errors: UNSAFE_PATH, PROJECT_NOT_FOUND, RETRIEVAL_FAILED."""
        *folders, name = checked_file(file)
        with (
            self._folder(project_id),
            storage_faults(Code.RETRIEVAL_FAILED, f"read {file} of project {project_id}"),
            files.folder(self._root, "projects", project_id, *folders) as folder,
        ):
            return files.read(folder, name, PICTURE_BYTES_MAX)

    def path(self, project_id: str, file: str) -> str:
        """Absolute path of a picture of the project, which need not exist. Errors: UNSAFE_PATH, PROJECT_NOT_FOUND."""
        checked_file(file)
        with self._folder(project_id):
            return str(self._project_path(project_id) / file)

    def export(self, project_id: str, note: Note | None) -> str:
        """Write the zip and return its absolute path; `note` None takes the project's own. Errors: RETRIEVAL_FAILED, also if no
        page has a picture."""
        project = self.get(project_id)
        with (
            storage_faults(Code.UPDATE_FAILED, f"export project {project_id}"),
            files.folder(self._root, "projects", project_id, "export", make=True) as folder,
            self._locked(folder, project_id),
        ):
            files.sweep(folder)
            name = export_project(folder, project, note, lambda file: self.read(project_id, file))
        return str(self._project_path(project_id) / "export" / name)

    def spend(self, day: str, images: int, limit: int | None) -> None:
        """See `ports.Projects`."""
        self._budget.spend(day, images, limit)

    def spent(self, day: str) -> int:
        """See `ports.Projects`."""
        return self._budget.spent(day)

    def give_back(self, day: str, images: int) -> None:
        """See `ports.Projects`."""
        self._budget.give_back(day, images)

    def _project_path(self, project_id: str) -> Path:
        return self._root / "projects" / project_id

    @contextmanager
    def _folder(self, project_id: str) -> Iterator[int]:
        """The project's folder, of a project that has a record."""
        if not is_id(project_id):
            raise not_found(project_id)
        with ExitStack() as stack:
            with storage_faults(Code.RETRIEVAL_FAILED, f"open project {project_id}"):
                try:
                    folder = stack.enter_context(files.folder(self._root, "projects", project_id))
                except FileNotFoundError:
                    raise not_found(project_id) from None
                if not files.exists(folder, _RECORD):
                    raise not_found(project_id)
            yield folder

    def _locked(self, folder: int, project_id: str) -> AbstractContextManager[None]:
        error = RedBookError(Code.CONFLICT, f"project {project_id} is being changed by somebody else; try again", retryable=True)
        return locks.held(folder, _LOCK, wait_s=self._wait_s, busy=lambda _: error)

    def _load(self, folder: int, project_id: str) -> Project:
        place = self._project_path(project_id) / _RECORD
        with storage_faults(Code.RETRIEVAL_FAILED, f"read {place}"):
            content = files.read(folder, _RECORD, RECORD_BYTES_MAX)
        try:
            project = from_json(content, project_id)
        except BadRecord as error:
            raise RedBookError(Code.RETRIEVAL_FAILED, f"cannot read {place}: {error}; mend it or move its folder away") from None
        if project.status == "generating" and locks.is_free(folder, _PAINTING):
            return replace(project, status=status_of(project))
        return project


def status_of(project: Project) -> Status:
    """What the pages add up to when nobody paints: what a killed painter left."""
    if all(_is_fresh(project, page) for page in project.outline):
        return "completed"
    if any(project.shown(page.number) for page in project.outline):
        return "partial"
    return "error" if project.failures else "draft"


def _is_fresh(project: Project, page: Page) -> bool:
    version = project.shown(page.number)
    if version is None or page.number in project.failures or version.page_digest != page_digest(page):
        return False
    return version.place in {None, f"{page.number}/{len(project.outline)}"}


def checked_file(file: str) -> list[str]:
    """The parts of a file's name below the project's folder. Errors: UNSAFE_PATH for all that we do not write."""
    if not FILE.fullmatch(file) and not REFERENCE.fullmatch(file):
        raise RedBookError(Code.UNSAFE_PATH, f"{file[:80]!a} is no picture of the project")
    return file.split("/")


def not_found(project_id: object) -> RedBookError:
    """The error for an id that names no project."""
    return RedBookError(Code.PROJECT_NOT_FOUND, f"there is no project {str(project_id)[:80]!a}; list_all_projects names them")


def timestamp(now_ns: int) -> str:
    """ISO 8601, UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ns // 1_000_000 % 1000:03d}Z"


def later(than: str, now_ns: int) -> str:
    """Now, or a millisecond after `than` if the clock stands there still or went back."""
    now = timestamp(now_ns)
    if now > than:
        return now
    moment = datetime.fromisoformat(than) + timedelta(milliseconds=1)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _checked(project: Project) -> bytes:
    """The file of a project, which surely can be read again: a record that only we could write would be lost."""
    try:
        content = to_json(project)
        same = from_json(content, project.id) == project
    except (BadRecord, ValueError) as error:
        raise RedBookError(Code.INVALID_INPUT, f"the project cannot be stored: {error}") from None
    if not same:
        raise RedBookError(Code.INVALID_INPUT, "the project cannot be stored: it would not read as it was written")
    if len(content) > RECORD_BYTES_MAX:
        raise RedBookError(Code.INVALID_INPUT, f"the project's record would be longer than {RECORD_BYTES_MAX:,} bytes")
    return content
