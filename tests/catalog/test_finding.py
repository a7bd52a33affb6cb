"""How tools are found by words."""

from __future__ import annotations

import pytest

from yett.catalog.finding import WORD_MAX, WORDS_MAX, score, slug_of, tool_words, words_of

ISSUE = tool_words("create_issue", "Open an issue", "GitHub", "Create an issue in a repository.")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("create issue", ("create", "issue")),
        ("createIssue", ("createissue",)),
        ("HTTPServer-2", ("httpserver", "2")),
        ('"; DROP TABLE tools --', ("drop", "table", "tools")),
        ('a* OR NEAR("b" ^c) {name}: -d', ("a", "or", "near", "b", "c", "name", "d")),
        ("删除文件", ("删除", "除文", "文件")),
        ("订", ("订",)),
        ("AI图片", ("ai", "图片")),
        ("Café", ("cafe",)),
        ("ＡＢＣ", ("abc",)),
        ("issue issue", ("issue",)),
        ("…!?\ue000", ()),
        ("", ()),
    ],
)
def test_a_query_is_words_without_any_syntax(query: str, words: tuple[str, ...]) -> None:
    assert words_of(query) == words


def test_no_query_is_longer_than_its_bounds() -> None:
    assert len(words_of(" ".join(f"w{number}" for number in range(50)))) == WORDS_MAX
    assert words_of("x" * 100) == ("x" * WORD_MAX,)


@pytest.mark.parametrize(
    "query",
    [
        "create",
        "cre",
        "c",
        "issue create",
        "createissue",
        "create_issue",
        "createIssue",
        "github",
        "GitHub",
        "hub",
        "open iss",
        "repos",
    ],
)
def test_each_word_may_be_the_beginning_of_a_word_of_the_tool(query: str) -> None:
    assert score(words_of(query), ISSUE) is not None


@pytest.mark.parametrize("query", ["reate", "create pull", "x"])
def test_a_word_that_is_nowhere_finds_nothing(query: str) -> None:
    assert score(words_of(query), ISSUE) is None


@pytest.mark.parametrize("query", ["删除", "文件", "删", "件", "删除文件"])
def test_chinese_is_found_by_any_run_of_its_characters(query: str) -> None:
    assert score(words_of(query), tool_words("rm", "", "s", "删除文件。")) is not None


def test_the_name_counts_most_then_title_and_server_then_the_description() -> None:
    tools = [
        tool_words("issue", "", "s", ""),
        tool_words("issue_list", "", "s", ""),
        tool_words("issues_of_a_project", "", "s", ""),
        tool_words("list", "The issue", "s", ""),
        tool_words("list", "", "s", "lists an issue"),
    ]
    scores = [score(("issue",), tool) or 0 for tool in tools]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_slugs_are_safe_and_different() -> None:
    names = ["github", "@scope/name", "scope-name", "a b", "a/b", "..", "index", "删除", "x" * 100, "a."]
    slugs = [slug_of(name) for name in names]
    assert slugs[0] == "github"
    assert slugs[1].startswith("scope-name-")
    assert len(set(slugs)) == len(names)
    assert all(slug.isascii() and "/" not in slug and not slug.startswith((".", "-")) for slug in slugs)
