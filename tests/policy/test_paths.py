"""The grammar of paths."""

from __future__ import annotations

from typing import Any

import pytest

from yett.policy.paths import Every, PathError, parse_path
from yett.policy.vocabulary import CONTEXT_PATHS

EACH = Every.ELEMENT


@pytest.mark.parametrize(
    ("text", "root", "steps"),
    [
        ("args.a", "args", ("a",)),
        ("args.a.b", "args", ("a", "b")),
        ("args.$ref", "args", ("$ref",)),
        ("args._x-y9$", "args", ("_x-y9$",)),
        ("args.items[0].id", "args", ("items", 0, "id")),
        ("args.items[*].price", "args", ("items", EACH, "price")),
        ("args.a[*][*]", "args", ("a", EACH, EACH)),
        ("args[0]", "args", (0,)),
        ("args[*]", "args", (EACH,)),
        ('args["odd.key"]', "args", ("odd.key",)),
        ('args[""]', "args", ("",)),
        ('args["a"]["b"].c', "args", ("a", "b", "c")),
        ('args["\\u00e4 \\" \\\\ ]"]', "args", ('ä " \\ ]',)),
        ('args["ä"]', "args", ("ä",)),
        ('args["[*]"]', "args", ("[*]",)),
        ("args.a[999999999999999]", "args", ("a", 999999999999999)),
        ("grant.tags.team", "grant.tags", ("team",)),
        ('grant.tags["odd tag"]', "grant.tags", ("odd tag",)),
        *((path, path, ()) for path in CONTEXT_PATHS),
    ],
)
def test_what_a_path_means(text: str, root: str, steps: tuple[Any, ...]) -> None:
    path = parse_path(text)
    assert (path.text, path.root, path.steps) == (text, root, steps)
    assert path.wildcard is (EACH in steps)


@pytest.mark.parametrize(
    "text",
    [
        *("", "args", "args.", ".a", "arg.a", "Args.a", "ARGS.a", " args.a", "args.a ", "args .a", "args. a"),
        *("args..a", "args.a.", "args.1", "args.1a", "args.-a", "args.ä", "args.a b", "args.a\n", "args.a/b", "args.*"),
        *("args[", "args[]", "args[0", "args[00]", "args[01]", "args[-1]", "args[+1]", "args[1.0]", "args[ 0 ]", "args[0]a"),
        *(
            "args[**]",
            "args.[0]",
            "args['a']",
            'args["a]',
            'args["a"',
            'args["a\nb"]',
            'args["\\x"]',
            'args["\\u00"]',
            'args["a\tb"]',
        ),
        *("args[9999999999999999]", "args[١]"),
        *("grant", "grant.tags", "grant.tags.", "grant.tags.a.b", "grant.tags[0]", "grant.tags[*]", 'grant.tags["a"].b'),
        *(
            "grant.token",
            "grant.id.x",
            "session",
            "server.url",
            "tool",
            "tool.name.x",
            "client.ip[0]",
            "now",
            "now.minute",
            "now.hour.x",
        ),
        *("amount", "$.a", "env.HOME"),
    ],
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("args", "bare `args` is not a path"),
        ("grant.lable", "did you mean `grant.label`?"),
        ("now.hours", "did you mean `now.hour`?"),
        ("args.a..b", "cannot read `..b`"),
        ("grant.tags.a.b", "one key"),
        ("args.a[9999999999999999]", "too large"),
    ],
)
def test_an_error_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(PathError) as refused:
        parse_path(text)
    assert hint in str(refused.value)
