"""A policy file and its last good revision."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.policies import ALLOW_ALL, DENY_ALL, policy
from yett.app.policy_file import PolicyFile
from yett.errors import OperatorFault


def written(path: Path, document: Any) -> None:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")


def file_in(folder: Path, document: Any = DENY_ALL, *, name: str = "p.json") -> tuple[PolicyFile, Path]:
    path = folder / name
    written(path, document)
    return PolicyFile(path, "me", folder / "state"), path


def test_a_file_is_published_in_canonical_form_under_a_name_and_a_revision(tmp_path: Path) -> None:
    file, _ = file_in(tmp_path, policy(tools={"a": {"action": "deny"}}))
    loaded = file.load()
    assert loaded.problem is None
    assert loaded.entry.name == "me"
    number, digest = loaded.entry.revision.split("-")
    assert (number, len(digest)) == ("1", 12)
    assert json.loads(loaded.entry.document)["tools"]["a"] == {"deny_if": [{"conditions": []}]}


def test_yaml_is_read_by_the_files_name(tmp_path: Path) -> None:
    file, _ = file_in(tmp_path, "version: '1'\ndefault: allow\n", name="p.yaml")
    assert json.loads(file.load().entry.document) == ALLOW_ALL


def test_a_new_revision_is_counted_only_where_the_policy_says_something_else(tmp_path: Path) -> None:
    file, path = file_in(tmp_path, DENY_ALL)
    first = file.load().entry.revision
    written(path, json.dumps(DENY_ALL, indent=4))
    assert file.load().entry.revision == first
    written(path, ALLOW_ALL)
    assert file.load().entry.revision.startswith("2-")


@pytest.mark.parametrize("broken", ["", "{", "null", '{"version":"2","default":"allow"}', '{"version":"1","default":"allow",}'])
def test_an_unreadable_file_leaves_the_last_good_revision_and_says_why(tmp_path: Path, broken: str) -> None:
    file, path = file_in(tmp_path, DENY_ALL)
    good = file.load().entry
    written(path, broken)
    loaded = file.load()
    assert loaded.entry == good
    assert loaded.problem is not None
    assert str(path) in loaded.problem
    assert loaded.problem.endswith(f"; revision {good.revision} stays")


def test_a_missing_file_leaves_the_last_good_revision(tmp_path: Path) -> None:
    file, path = file_in(tmp_path)
    good = file.load().entry
    path.unlink()
    loaded = file.load()
    assert (loaded.entry, "No such file" in (loaded.problem or "")) == (good, True)


def test_the_last_good_revision_outlives_the_process(tmp_path: Path) -> None:
    file, path = file_in(tmp_path)
    good = file.load().entry
    written(path, "{")
    assert PolicyFile(path, "me", tmp_path / "state").load().entry == good


@pytest.mark.parametrize("broken", [None, "{", '{"version":"1"}'])
def test_without_any_good_revision_there_is_nothing_to_judge_by(tmp_path: Path, broken: str | None) -> None:
    path = tmp_path / "p.json"
    if broken is not None:
        written(path, broken)
    with pytest.raises(OperatorFault, match="no earlier revision"):
        PolicyFile(path, "me", tmp_path / "state").load()


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"number":1,"digest":"x","document":"{}"}', b'{"number":1}'])
def test_a_spoilt_memory_is_no_revision(tmp_path: Path, spoilt: bytes) -> None:
    file, path = file_in(tmp_path)
    file.load()
    (stored,) = (tmp_path / "state" / "policies").iterdir()
    stored.write_bytes(spoilt)
    written(path, "{")
    with pytest.raises(OperatorFault):
        file.load()


def test_the_memory_is_for_its_owner_alone(tmp_path: Path) -> None:
    file, _ = file_in(tmp_path)
    file.load()
    folder = tmp_path / "state" / "policies"
    (stored,) = folder.iterdir()
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_names_and_two_files_have_memories_of_their_own(tmp_path: Path) -> None:
    one, path = file_in(tmp_path)
    other = PolicyFile(path, "you", tmp_path / "state")
    assert one.load().entry.revision == other.load().entry.revision
    assert len(list((tmp_path / "state" / "policies").iterdir())) == 2


def test_a_change_is_seen_once(tmp_path: Path) -> None:
    file, path = file_in(tmp_path)
    assert [file.changed(), file.changed()] == [True, False]
    written(path, ALLOW_ALL)
    assert [file.changed(), file.changed()] == [True, False]
    path.unlink()
    assert [file.changed(), file.changed()] == [True, False]
    written(path, ALLOW_ALL)
    assert file.changed()
    replacement = tmp_path / "new"
    written(replacement, ALLOW_ALL)
    os.utime(replacement, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    replacement.replace(path)
    assert file.changed()


def test_yaml_with_a_lone_surrogate_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    written(path, 'version: "1"\ndefault: deny\ndescription: "\\ud800"\n')
    with pytest.raises(OperatorFault, match="lone surrogate"):
        PolicyFile(path, "me", tmp_path / "state").load()
