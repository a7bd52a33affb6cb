"""A policy as the text of a file: canonical, in the encoding that the file had."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from yett.cli.output import inert_json, plain
from yett.policy.canonical import canonical_document, json_ready
from yett.policy.document import read_yaml
from yett.policy.layout import laid_out
from yett.policy.parse import parse_policy

if TYPE_CHECKING:
    from yett.cli.policy_source import PolicySource
    from yett.policy.model import Policy

_HEAD: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_WIDTH: Final = 1_000_000
"""Columns before a long text is folded: never."""


class CommentsLostError(Exception):
    """The file has comments inside, and the canonical form has no place for them."""


def canonical_text(policy: Policy, source: PolicySource, *, keep_comments: bool = True) -> str:
    """The canonical form as JSON, or as YAML with the comments at the head of the file.

    Errors: `CommentsLostError` where the YAML text has others and `keep_comments` is set.
    """
    if not source.yaml:
        return inert_json(laid_out(json_ready(canonical_document(policy)))) + "\n"
    head = _HEAD.match(source.text)
    start = "\n".join(map(plain, head[0].split("\n"))) if head is not None else ""
    if keep_comments and (line := _comment_below(source.text, start.count("\n"))) is not None:
        raise CommentsLostError(f"the comment in line {line} has no place in the canonical form")
    return start + _yaml(policy)


def _comment_below(text: str, lines: int) -> int | None:
    """The line of the first comment after so many lines; None if there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.tokens import CommentToken

    for token in YAML(typ="rt", pure=True).scan(text):
        for comment in _comments(getattr(token, "_comment", None)):
            if isinstance(comment, CommentToken) and "#" in comment.value and comment.start_mark.line >= lines:
                return int(comment.start_mark.line) + 1
    return None


def _comments(found: Any) -> list[Any]:
    """ruamel keeps comments before and after a token, in lists of lists."""
    if isinstance(found, list | tuple):
        return [comment for part in found for comment in _comments(part)]
    return [] if found is None else [found]


def _yaml(policy: Policy) -> str:
    document = json_ready(canonical_document(policy))
    text = _dumped(document, unicode=True)
    if any(line != plain(line) for line in text.splitlines()):  # marks that reorder text, which YAML would print as they are
        text = _dumped(document, unicode=False)
    assert parse_policy(read_yaml(text.encode())) == policy, "the canonical text must mean the same policy"
    return text


def _dumped(document: object, *, unicode: bool) -> str:
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = unicode
    writer.width = _WIDTH
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library declares None only
    stream = StringIO()
    writer.dump(document, stream)
    return stream.getvalue()
