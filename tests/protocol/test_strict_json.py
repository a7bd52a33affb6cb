"""Strict JSON: what two readers may take differently is refused, what is let through is exact."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.protocol.strict_json import DEPTH_MAX, SIGNS_MAX, JsonValue, Unreadable, canonical, read

REFUSED = {
    "duplicate key": b'{"a":1,"a":2}',
    "duplicate key after unescaping": b'{"name":1,"n\\u0061me":2}',
    "duplicate key deep inside": b'{"a":[{"b":{"c":1,"c":1}}]}',
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "number beyond any representation": b"1e99999999999999999999",
    "number that other readers take for an infinity": b'{"a":[{"b":1e400}]}',
    "the least of these": b"1.797693134862315808e308",
    "the same with a sign, in digits and with blanks": b"[ -" + b"9" * 309 + b" ]",
    "the same with digits and a short exponent": b"9" * 302 + b"E+7",
    "5,000-digit integer": b"9" * 5000,
    "5,000-digit integer part": b"9" * 5000 + b".5",
    "lone surrogate": b'"\\ud800"',
    "lone trailing surrogate": b'"\\udc00"',
    "surrogates in the wrong order": b'"\\ude00\\ud83d"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "overlong encoding": b'"\xc0\xaf"',
    "invalid UTF-8": b'"\xff"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16-le"),
    "UTF-16 with byte order mark": '{"a":1}'.encode("utf-16"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "raw NUL": b'"\x00"',
    "raw control character": b'"\x1f"',
    "trailing NUL": b"{}\x00",
    "trailing comma": b"[1,]",
    "comment": b"{}//",
    "two documents": b"{} {}",
    "newline-separated documents": b'{"a":1}\n{"a":2}',
    "nothing": b"",
    "blanks": b" \n",
    "100,000 open brackets": b"[" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "leading zero": b"01",
    "bare fraction": b".5",
    "single quotes": b"{'a':1}",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_ambiguous_or_broken_json_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data)


def test_the_reason_does_not_quote_the_clients_text() -> None:
    with pytest.raises(Unreadable) as caught:
        read(b'{"sk_live_secret":1,"sk_live_secret":2}')
    assert "secret" not in str(caught.value)
    assert str(caught.value) == "the JSON has a duplicate key"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"-0", 0),
        (b"-0.0", Decimal("-0.0")),
        (b"0.1", Decimal("0.1")),
        (b"1E2", Decimal("1E+2")),
        (b"1.797693134862315807e308", Decimal("1.797693134862315807E+308")),
        (b"9" * 299 + b"e9", Decimal("9" * 299 + "e9")),
        (b"9" * 308, int("9" * 308)),
        (b"1e-400", Decimal("1E-400")),
        (b"0e400", Decimal("0E+400")),
        (b'"1e400"', "1e400"),
        (b"9007199254740993", 9007199254740993),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\u0000"', "\x00"),
        (b' {"a" : [ ] }\r\n', {"a": []}),
        (b"null", None),
    ],
)
def test_numbers_and_strings_are_kept_exactly(data: bytes, value: JsonValue) -> None:
    result = read(data)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded_exactly(opening: bytes, closing: bytes) -> None:
    read(opening * DEPTH_MAX + b"1" + closing * DEPTH_MAX)
    with pytest.raises(Unreadable, match="deeper than 64"):
        read(opening * (DEPTH_MAX + 1) + b"1" + closing * (DEPTH_MAX + 1))


def test_many_brackets_that_are_not_deep_pass() -> None:
    assert read(b"[" + b"[],{}," * 5000 + b"1]") is not None
    assert read(b'"' + b"[{" * 500 + b'"') == "[{" * 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.decimals(-(10**300), 10**300, allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
@examples(300)
def test_what_is_written_canonically_reads_back_as_an_equal_value(value: JsonValue) -> None:
    text = canonical(value)
    assert canonical(read(text)) == text
    json.loads(text)


@given(json_values)
@examples(200)
def test_reading_agrees_with_the_standard_reader(value: JsonValue) -> None:
    text = json.dumps(value, default=str)
    assert read(text.encode()) == json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(
    "texts",
    [
        [b"1", b"1.0", b"1e0", b"10e-1", b"0.1e1"],
        [b"0", b"-0", b"0.0", b"-0.0", b"0e400", b"0e-400"],
        [b"100000000000000000000000", b"1e23", b"10.0E22"],
        [b"0.1", b"1e-1", b"0.10", b"100e-3"],
        [b"-1500", b"-1.5e3", b"-1500.000"],
        [b"1e-999999999999999999", b"10e-1000000000000000000"],
        [b'{"a":1,"b":[2]}', b'{ "b" : [2.0], "\\u0061" : 1 }'],
        [b'"\\u00e9\\/"', '"é/"'.encode()],
    ],
)
def test_equal_values_have_one_canonical_form(texts: list[bytes]) -> None:
    assert len({canonical(read(text)) for text in texts}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b'"1"'),
        (b"1", b"true"),
        (b"0", b"false"),
        (b"0.1", b"0.1000000000000000055511151231257827"),
        (b"9007199254740992", b"9007199254740993"),
        (b"1e300", b"1e301"),
        (b"[]", b"{}"),
        (b'{"a":null}', b"{}"),
        (b'"e\\u0301"', b'"\\u00e9"'),
        (b"[1,2]", b"[2,1]"),
        (b"-1", b"1"),
    ],
)
def test_different_values_have_different_canonical_forms(one: bytes, other: bytes) -> None:
    assert canonical(read(one)) != canonical(read(other))


@pytest.mark.parametrize(
    "unit", [b"1,", b"[],", b"{},", b'"ab",', b'{"a":1},', b'"",', b"[" * 50 + b"]" * 50 + b","], ids=lambda unit: unit[:8]
)
def test_more_values_than_anybody_sends_are_refused_before_they_are_made(unit: bytes) -> None:
    def of(count: int) -> bytes:
        return b"[" + unit * (count - 1) + unit[:-1] + b"]"

    each = unit.count(b",") + unit.count(b"[") + unit.count(b"{") + unit.count(b'"') // 2
    most = SIGNS_MAX // each
    assert read(of(most))
    with pytest.raises(Unreadable, match="more than 200000"):
        read(of(most + 1))


@pytest.mark.parametrize("text", ["a,b,[{" * 100_000, '"' * SIGNS_MAX, "\\," * SIGNS_MAX])
def test_what_stands_in_a_text_is_one_value(text: str) -> None:
    assert read(json.dumps(text).encode()) == text
