"""Which package a command line fetches and runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from yett.scan.model import Package
from yett.scan.stripping import looks_secret

RUNNERS: Final = {
    "npx": "npm", "bunx": "npm", "pnpx": "npm", "pnpm": "npm", "yarn": "npm", "npm": "npm", "bun": "npm",
    "uvx": "pypi", "uv": "pypi", "pipx": "pypi",
    "docker": "image", "podman": "image",
}  # fmt: skip
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh"})
_VERBS: Final = frozenset({"exec", "dlx", "x", "run", "tool", "create"})
_WITH_VALUE: Final = frozenset(
    {
        "-e", "--env", "--env-file", "-v", "--volume", "--mount", "--name", "--network", "--net", "-p", "--publish",
        "-u", "--user", "-w", "--workdir",
        "--add-host", "--entrypoint", "--platform", "--pull", "-l", "--label", "--memory", "--cpus",
        "--python", "--with", "--index-url", "--extra-index-url", "--index", "--default-index", "--registry", "-c", "--call",
        "--directory", "--project", "--cache", "--userconfig",
    }
)  # fmt: skip
_NAMING: Final = frozenset({"--from", "--spec", "--package"})
"""Options whose value is the package, whatever the program in it is called."""
_NPM: Final = re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*")
_PYPI: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9][a-z0-9._-]*){0,4}")
_VERSION: Final = re.compile(r"[0-9a-z][0-9a-z.+-]{0,39}", re.IGNORECASE)
_NAME_MAX: Final = 120


def program_of(argv: Sequence[str]) -> str:
    """The program's name in lower case, without its directory and Windows' endings."""
    name = argv[0].replace("\\", "/").rpartition("/")[2].lower() if argv else ""
    return re.sub(r"\.(exe|cmd|bat|ps1)$", "", name)


def unwrapped(argv: Sequence[str]) -> tuple[str, ...]:
    """The command behind `env A=B` and behind Windows' `cmd /c`."""
    words = tuple(argv)
    for _ in range(4):
        program = program_of(words)
        if program == "cmd" and len(words) > 2 and words[1].lower() == "/c":
            words = words[2:]
        elif program == "env":
            rest = 1
            while rest < len(words) and ("=" in words[rest] or words[rest].startswith("-")):
                rest += 1
            words = words[rest:]
        else:
            break
    return words


def package_of(argv: Sequence[str]) -> tuple[Package | None, str | None]:
    """The package and the word that names it, where that is surely one; a word that may be a secret is none."""
    words = unwrapped(argv)
    kind = RUNNERS.get(program_of(words))
    if kind is None:
        return None, None
    for word in _candidates(words[1:], kind):
        package = _read(word, kind)
        return package, (word if package is not None else None)
    return None, None


def _candidates(words: Sequence[str], kind: str) -> Iterator[str]:
    """The word that names the package: what an option says, else the first that is no option."""
    naming = _NAMING | ({"-p"} if kind == "npm" else frozenset())
    plain: list[str] = []
    skip = False
    for at, word in enumerate(words):
        if skip:
            skip = False
        elif word in naming and at + 1 < len(words):
            yield words[at + 1]
            return
        elif word.partition("=")[0] in naming and "=" in word:
            yield word.partition("=")[2]
            return
        elif word.startswith("-"):
            skip = word in _WITH_VALUE
        elif plain or word not in _VERBS:
            plain.append(word)
            break
    yield from plain


def _read(word: str, kind: str) -> Package | None:
    if kind == "npm":
        name, _, version = word[1:].partition("@")
        name = word[:1] + name
        fits = _NPM.fullmatch(name)
    elif kind == "pypi":
        name, version = re.split(r"==|@", word, maxsplit=1) if re.search("==|@", word) else (word, "")
        name = name.partition("[")[0].strip()
        fits = _PYPI.fullmatch(name)
    else:
        head, _, tag = word.partition("@")[0].rpartition(":")
        name, version = (head, tag) if head and "/" not in tag else (word.partition("@")[0], "")
        fits = _IMAGE.fullmatch(name)
    bad_version = bool(version) and (not _VERSION.fullmatch(version) or looks_secret(version))
    if not fits or len(name) > _NAME_MAX or looks_secret(name) or bad_version:
        return None
    return Package(kind, name, version or None)
