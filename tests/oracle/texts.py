"""What the text says of texts that mean something: URLs, addresses, directories, SQL, resource URIs.

Part of the oracle. In doubt a host or an address is not FALSE but unclear, which is ILL.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from urllib.parse import unquote

import idna
import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError


class Unclear(Exception):
    """The value is present and cannot be judged: ILL."""


# --- addresses -----------------------------------------------------------------------------------------------------

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address(text: str) -> Address:
    """An IP address in its one canonical form; an IPv4-mapped one is its IPv4 address."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise Unclear(text) from None
    canonical = str(found)
    if isinstance(found, ipaddress.IPv6Address):
        if "%" in text:
            raise Unclear(text)
        if found.ipv4_mapped is not None:
            canonical, found = f"::ffff:{found.ipv4_mapped}", found.ipv4_mapped
    if text != canonical:
        raise Unclear(text)
    return found


def cidr_in(text: str, blocks: Sequence[str]) -> bool:
    """Whether the address is in one of the blocks."""
    found = address(text)
    return any(network.version == found.version and found in network for network in (_network(block) for block in blocks))


def _network(block: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A block; one of IPv4-mapped addresses is judged as the IPv4 block, as its addresses are."""
    network = ipaddress.ip_network(block)
    first = network.network_address
    if isinstance(first, ipaddress.IPv6Address) and first.ipv4_mapped is not None and network.prefixlen >= 96:
        return ipaddress.ip_network(f"{first.ipv4_mapped}/{network.prefixlen - 96}")
    return network


# --- hosts ---------------------------------------------------------------------------------------------------------

_URL: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://(?P<authority>[^/?#]*)(?:[/?#].*)?", re.DOTALL)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def host_of(url: str) -> str | Address:
    """The host that a client would connect to."""
    if any(char == "\\" or char.isspace() or unicodedata.category(char) in ("Cc", "Zs", "Zl", "Zp") for char in url):
        raise Unclear(url)
    found = _URL.fullmatch(url)
    authority = found and _AUTHORITY.fullmatch(found["authority"])
    if not found or not authority or "%" in found["authority"] or "@" in found["authority"]:
        raise Unclear(url)
    if int(authority["port"] or 0) > 65_535:
        raise Unclear(url)
    return host(authority["host"])


def host(text: str) -> str | Address:
    """A host without its port: a name, processed, or an address in canonical form."""
    if text.startswith("["):
        if ":" not in text:
            raise Unclear(text)
        return address(text[1:-1])
    try:
        name = idna.uts46_remap(text.lower(), std3_rules=False).removesuffix(".")
        labels = [_label(label) for label in name.split(".")]
    except (idna.IDNAError, UnicodeError):
        raise Unclear(text) from None
    ascii_name = ".".join(labels)
    if len(ascii_name) > 253:
        raise Unclear(text)
    if _NUMBER.fullmatch(labels[-1]):
        if ascii_name != text.removesuffix("."):
            raise Unclear(text)
        return address(ascii_name)
    return ascii_name


def _label(label: str) -> str:
    """One label as the DNS is asked for it: hyphens and underscores anywhere are harmless, there is only one way to read them."""
    if re.fullmatch(r"(?!xn--)[a-z0-9_-]{1,63}", label):
        return label
    return idna.alabel(label).decode("ascii").lower()


def host_in(url: str, hosts: Sequence[str]) -> bool:
    """Whether the URL's host is one of the hosts, or below one written `*.host`."""
    found = host_of(url)
    for wanted in hosts:
        if wanted.startswith("*."):
            if isinstance(found, str) and found.endswith(f".{host(wanted[2:])}"):
                return True
        elif found == (address(wanted) if ":" in wanted.strip("[]") and wanted[0] != "[" else host(wanted)):
            return True
    return False


# --- directories ---------------------------------------------------------------------------------------------------


def resolved(path: str) -> list[str]:
    """The names of an absolute path, with `.`, `..` and repeated slashes resolved lexically."""
    if not path.startswith("/") or "\0" in path:
        raise Unclear(path)
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    return names


def path_within(path: str, directories: Sequence[str]) -> bool:
    """Whether the path is one of the directories or inside it."""
    names = resolved(path)
    return any(names[: len(resolved(directory))] == resolved(directory) for directory in directories)


# --- SQL -----------------------------------------------------------------------------------------------------------

SQL_LENGTH_MAX: Final = 65_536
_VERBS: Final[dict[type[exp.Expr], str]] = {
    exp.Insert: "insert",
    exp.MultitableInserts: "insert",
    exp.Update: "update",
    exp.Delete: "delete",
    exp.Merge: "merge",
    exp.Create: "create",
    exp.Alter: "alter",
    exp.Drop: "drop",
    exp.TruncateTable: "truncate",
}
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.Table)
_OTHERS: Final = (
    exp.Set,
    exp.Use,
    exp.Show,
    exp.Describe,
    exp.Copy,
    exp.Grant,
    exp.Revoke,
    exp.Comment,
    exp.Pragma,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Attach,
    exp.Detach,
    exp.Kill,
    exp.Analyze,
    exp.LoadData,
    exp.Cache,
    exp.Uncache,
    exp.Refresh,
    exp.Declare,
    exp.Put,
    exp.ListStage,
    exp.Undrop,
    exp.Install,
    exp.Summarize,
)
_BARE_WORDS: Final = ("explain", "call", "do", "execute", "exec")


def sql_kinds(text: str, dialect: str) -> set[str]:
    """Every kind found in the statements of `text`."""
    if len(text) > SQL_LENGTH_MAX or "/*!" in text or "/*+" in text:
        raise Unclear(text)
    try:
        statements = [statement for statement in sqlglot.parse(text, read=dialect) if statement is not None]
        first_words = _first_words(text, dialect)
    except (SqlglotError, RecursionError):
        raise Unclear(text) from None
    if not statements or any(word in _BARE_WORDS for word in first_words):
        raise Unclear(text)
    return set().union(*(_statement_kinds(statement) for statement in statements))


def _first_words(text: str, dialect: str) -> list[str]:
    tokens = sqlglot.tokenize(text, read=dialect)
    starts = [token for before, token in pairwise(tokens) if before.token_type is TokenType.SEMICOLON]
    return [token.text.lower() for token in [*tokens[:1], *starts]]


def _statement_kinds(statement: exp.Expr) -> set[str]:
    if isinstance(statement, exp.Command):
        if (
            str(statement.this).lower() == "replace" and statement.expression
        ):  # sqlglot knows MySQL's REPLACE by name only; the text knows it well
            return {"insert", "delete"}
        raise Unclear(statement.this)
    kinds = {verb for cls, verb in _VERBS.items() if isinstance(statement, cls)}
    kinds |= {"select"} if isinstance(statement, _QUERIES) else set()
    kinds |= {"other"} if isinstance(statement, _OTHERS) else set()
    explains = isinstance(statement, exp.Describe) and isinstance(statement.this, (exp.Query, exp.DML))
    if not kinds or explains or statement.find(exp.Command):
        raise Unclear(type(statement).__name__)
    for node in statement.walk():
        kinds |= _node_kinds(node)
    return kinds


def _node_kinds(node: exp.Expr) -> set[str]:
    """What one part of a statement changes."""
    kinds = {verb for cls, verb in _VERBS.items() if isinstance(node, cls)}
    if isinstance(node, exp.Into):
        kinds.add("other")
    if isinstance(node, exp.When) and "DELETE" in str(node.args.get("then")).upper().split():
        kinds.add("delete")
    if isinstance(node, exp.OnConflict) and (node.args.get("duplicate") or "UPDATE" in str(node.args.get("action")).upper()):
        kinds.add("update")
    if isinstance(node, exp.Insert) and str(node.args.get("alternative")).lower() == "replace":
        kinds.add("delete")
    return kinds


# --- resource URIs -------------------------------------------------------------------------------------------------

_URI: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?[^#]*)?(?:#[^#]*)?")
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_TRIPLET: Final = re.compile(r"%(.{0,2})", re.DOTALL)


def is_normal_uri(uri: str) -> bool:
    """Whether a resource URI is in normal form (section 5, the last paragraph)."""
    found = _URI.fullmatch(uri)
    if not found or not _CHARACTERS.fullmatch(uri):
        return False
    if any(char == "\\" or unicodedata.category(char) == "Cc" for char in unquote(uri)):
        return False
    for digits in _TRIPLET.findall(uri):
        if not re.fullmatch(r"[0-9A-F]{2}", digits) or _UNRESERVED.fullmatch(chr(int(digits, 16))):
            return False
    if any(segment in (".", "..") for segment in found["path"].replace("%2F", "/").split("/")):
        return False
    return found["scheme"] not in ("http", "https") or _is_normal_host(found["authority"] or "")


def _is_normal_host(authority: str) -> bool:
    """The letter case of a host counts for http and https, which need one."""
    *user, host_and_port = authority.split("@")
    letters = _TRIPLET.sub("", host_and_port)
    return len(user) <= 1 and bool(host_and_port) and letters == letters.lower()
