"""What of a command or address may be shown. A list of what is allowed, not of what is forbidden: a secret has any shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

GONE: Final = "…"
"""Stands for what was left out."""
_FLAG: Final = re.compile(r"-[A-Za-z]|--[a-z]+(-[a-z]+)*")
_FLAG_CHARS_MAX: Final = 24
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VERBS: Final = frozenset({"run", "connect", "exec", "dlx", "tool", "mcp", "start", "serve", "stdio"})
_PREFIXES: Final = re.compile(
    r"(sk|pk|rk|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[a-z]|xapp|ya29|shpat|secret|password|bearer)[-_.=:]|"
    r"(npm|hf|yett)_|eyj[a-z0-9]{8}|a[ks]ia[a-z0-9]{8}|aiza[a-z0-9]{8}",
    re.IGNORECASE,
)
_SEAMS: Final = re.compile(r"[-._/@+]")
_PART_CHARS_MAX: Final = 24
"""The longest part of a name; longer ones are taken for secrets."""
_MIXED_CHARS_MAX: Final = 11
"""The same for a part with both digits and letters, of which keys are made."""


def looks_secret(text: str) -> bool:
    """Whether `text`, where a name belongs, may be a key instead."""
    if _PREFIXES.match(text):
        return True
    return any(len(part) > _PART_CHARS_MAX or (len(part) > _MIXED_CHARS_MAX and _mixed(part)) for part in _SEAMS.split(text))


def _mixed(part: str) -> bool:
    digits = sum(char.isdigit() for char in part)
    return (digits >= 2 and digits < len(part)) or part.isdigit() or (not part.islower() and not part.isupper() and digits > 0)


def shown_word(text: str) -> str:
    """A program's name without its directory; `…` where it may be anything else."""
    word = text.replace("\\", "/").rpartition("/")[2]
    return word if _WORD.fullmatch(word) and not looks_secret(word) else GONE


def shown_command(argv: Sequence[str], known: Mapping[str, str]) -> str:
    """The program, names of options, and for `known` words what stands for them; each run of other words is one `…`."""
    shown = [shown_word(argv[0])] if argv else []
    for word in argv[1:]:
        flag, _, value = word.partition("=")
        if word in known or word in _VERBS:
            shown.append(known.get(word, word))
        elif _FLAG.fullmatch(flag) and len(flag) <= _FLAG_CHARS_MAX and not looks_secret(flag.lstrip("-")):
            shown.append(f"{flag}={GONE}" if value else flag)
        elif shown[-1] != GONE:
            shown.append(GONE)
    return " ".join(shown)


def shown_origin(url: str) -> tuple[str, str | None]:
    """Scheme, host and port, without user, path and query; and the host, None where there is none that can be shown."""
    if re.search(r"[\\\s\x00-\x1f\x7f]", url):
        return GONE, None  # readers do not agree on where such an address leads
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return GONE, None
    if parts.scheme.lower() not in {"http", "https", "ws", "wss"} or not host:
        return GONE, None
    host = _shown_host(host)
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{bracketed}{f':{port}' if port else ''}", host


def _shown_host(host: str) -> str:
    if ":" in host:
        return host if re.fullmatch(r"[0-9a-f:.]{2,45}", host) else GONE
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return GONE
    labels = ascii_host.split(".")
    return ".".join(GONE if not _LABEL.fullmatch(label) or _secret_label(label) else label for label in labels)


def _secret_label(label: str) -> bool:
    return not label.startswith("xn--") and looks_secret(label)


def carries_more(url: str) -> bool:
    """Whether an address has a user, or a query: what is there is often a key."""
    try:
        parts = urlsplit(url)
        return parts.username is not None or parts.password is not None or bool(parts.query)
    except ValueError:
        return True
