"""Runs a side with one line of its source changed, without touching the files."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

SHARED: Final = frozenset({"yett.policy.decision", "yett.policy.errors", "yett.quota.charge", "yett.quota.windows"})
"""Modules of values that both sides hold: a second copy of them would compare unequal."""
PACKAGES: Final = ("yett.policy.", "yett.quota.", "tests.oracle.")


@dataclass(frozen=True)
class Mutant:
    """One wrong line: in `module`, `right` stands exactly once and becomes `wrong`."""

    name: str
    module: str
    right: str
    wrong: str


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the changed source and never looks at the compiled file."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        times = source.count(self._mutant.right)
        assert times == 1, f"mutant `{self._mutant.name}`: its line stands {times} times in {fullname}; rewrite the mutant"
        return compile(source.replace(self._mutant.right, self._mutant.wrong), f"<mutant of {fullname}>", "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant, path: str) -> None:
        self._mutant, self._path = mutant, path

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=_Loader(self._mutant, self._path))


@contextmanager
def running(mutant: Mutant, entry: str) -> Iterator[ModuleType]:
    """A fresh copy of the module `entry` and of all it imports, with the mutant in place; all is as before afterwards."""
    spec = importlib.util.find_spec(mutant.module)
    assert spec is not None and spec.origin is not None, mutant.module
    finder = _Finder(mutant, spec.origin)
    before = {name: module for name, module in sys.modules.items() if name.startswith(PACKAGES)}
    for name in before.keys() - SHARED:
        del sys.modules[name]
        _unbind(name)
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module(entry)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(PACKAGES)]:
            del sys.modules[name]
            _unbind(name)
        sys.modules.update(before)
        for name, module in before.items():
            package, _, leaf = name.rpartition(".")
            setattr(sys.modules[package], leaf, module)


def _unbind(name: str) -> None:
    """Importing a module also binds it in its package, where `from package import module` finds it first."""
    package, _, leaf = name.rpartition(".")
    vars(sys.modules[package]).pop(leaf, None)
