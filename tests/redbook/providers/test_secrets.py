"""What may be quoted of somebody else's text."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from redbook_mcp.providers.secrets import QUOTED_MAX, READ_MAX, scrub
from redbook_mcp.secret import Secret

KEY = Secret("k3y+With/odd=signs:0123456789")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"no such key {KEY.reveal()}!", "no such key ***!"),
        (f"https://{KEY.reveal().upper()}.test", "https://***.test"),
        (f"/path?x={quote(KEY.reveal(), safe='')}", "/path?x=***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***|Authorization: *** abc.def-ghi|Authorization: *** ***"),
        ('{"x-goog-api-key": "AIzaSyABC"}', '{"x-goog-api-key": "***"}'),
        ("api_key=abc&n=1", "api_key=***&n=1"),
        ("Incorrect API key provided: sk-ab12*****wxyz.", "Incorrect API key provided: ***"),
        ("token: abcdef, total_tokens: 12", "token: ***, total_tokens: 12"),
        ("see https://cdn.test/1.png?Signature=abc&Expires=1 now", "see https://cdn.test/1.png now"),
        ("data:image/png;base64," + "A" * 500, "[bytes]"),
        ("before " + base64.b64encode(bytes(300)).decode() + " after", "before [bytes] after"),
        ("line\r\none\x1b[31m red\u202e\u2028 \x00end", "line one [31m red end"),
        ("画不出来：内容违规", "画不出来：内容违规"),
        ("", ""),
    ],
)
def test_a_quotation_names_no_secret_and_no_bytes(text: str, expected: str) -> None:
    assert scrub(text, [KEY]) in expected.split("|")


def test_a_quotation_ends_at_its_limit() -> None:
    assert scrub("字 " * 249 + "字") == "字 " * 249 + "字"
    assert len(scrub("字 " * 300)) == QUOTED_MAX
    assert scrub("字 " * 300).endswith("…")
    assert scrub("abc def", limit=4) == "abc…"


def test_a_secret_across_any_cut_leaves_nothing_behind() -> None:
    secret = KEY.reveal()
    for start in [*range(QUOTED_MAX - 40, QUOTED_MAX + 2), *range(READ_MAX - 40, READ_MAX + 2)]:
        said = scrub(" x" * (start // 2) + secret, [KEY])
        assert secret[:6] not in said
    assert secret[:6] not in scrub("A" * (READ_MAX - 10) + " " + secret, [KEY])


def test_an_empty_secret_masks_nothing() -> None:
    assert scrub("plain words", [Secret("")]) == "plain words"


@pytest.mark.parametrize("unit", ["a", "key=", "Bearer ", "https://", "sk-", "data:image/png;base64,", "token", " "])
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    """Quadratic time would be minutes, and the test's time-out is one."""
    assert len(scrub(unit * (1_000_000 // len(unit)), [KEY])) <= QUOTED_MAX
