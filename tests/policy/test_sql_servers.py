"""What single servers read in a text that the parser reads otherwise."""

from __future__ import annotations

import pytest

from yett.policy.sql import kinds_of


@pytest.mark.parametrize(
    "text",
    [
        "WITH a AS (SELECT 1) -- \\\n/*\nINSERT INTO t -- */\nSELECT 1",
        "SELECT 1 -- \\\r\n/*\r\n; DROP TABLE t -- */",
    ],
)
@pytest.mark.parametrize("dialect", ["spark", "doris", "postgres"])
def test_a_comment_that_some_servers_go_on_with_in_the_next_line_is_not_judged(dialect: str, text: str) -> None:
    assert kinds_of(text, dialect) is None


def test_an_output_that_goes_into_a_table_inserts() -> None:
    assert kinds_of("DELETE FROM t OUTPUT deleted.a INTO x", "tsql") == frozenset({"delete", "insert"})
    assert kinds_of("UPDATE t SET a = 1 OUTPUT deleted.a", "tsql") == frozenset({"update"})
