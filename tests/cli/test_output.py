"""Printing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from yett.cli.context import CliContext
from yett.cli.output import (
    CommandError,
    Exit,
    plain,
    print_error,
    print_fields,
    print_json,
    print_json_line,
    print_table,
    tell_note,
)
from yett.errors import StoreFault

CONTEXT = CliContext(environment={})
EVIL = "a\x1b[31mb\nc\x9b\u202ed\u2066\x7f"


def test_no_text_reaches_a_terminal_as_a_command() -> None:
    assert plain(EVIL) == r"a\x1b[31mb\x0ac\x9b\u202ed\u2066\x7f"
    assert plain("naïve – 日本 🎉") == "naïve – 日本 🎉"


def test_json_means_the_same_and_no_terminal_acts_upon_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"é": EVIL})
    print_json_line({"é": EVIL})
    out = capsys.readouterr().out
    document, line = out[: out.rindex("{")], out[out.rindex("{") :]
    assert json.loads(document) == json.loads(line) == {"é": EVIL}
    assert line.count("\n") == 1
    assert not {"\x1b", "\x9b", "\u202e", "\u2066", "\x7f"} & set(out)
    assert "é" in out


def test_a_table_is_whole_where_nobody_looks_at_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(CONTEXT, ("NAME", "TEXT"), [("a", "x" * 500), (None, EVIL)])
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading == "NAME  TEXT"
    assert first == "a     " + "x" * 500
    assert second == "      " + plain(EVIL)


def test_a_column_that_is_to_stay_whole_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    narrow = CliContext(environment={"COLUMNS": "20"})
    print_table(narrow, ("A", "B"), [("01-02 03:04", "one two three four")], whole=("A",))
    assert [line.partition("  ")[0] for line in capsys.readouterr().out.splitlines()][:2] == ["A", "01-02 03:04"]


def test_a_table_that_is_too_wide_puts_its_last_column_below(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("01-02 03:04", "one two three", "because"), ("01-02 03:05", EVIL, None)]
    for columns in ("20", "80"):
        print_table(CliContext(environment={"COLUMNS": columns}), ("A", "B", "WHY"), rows, whole=("A",), below="WHY")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["A            B", "01-02 03:04  one tw…", "    because", r"01-02 03:05  a\x1b[…"]
    assert lines[4].split() == ["A", "B", "WHY"]
    assert len(lines) == 4 + 3


def test_an_empty_table_is_a_remark_and_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(CONTEXT, ("NAME",), [], empty="nothing yet")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nothing yet\n")


def test_fields_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields(CONTEXT, [("a", "one"), ("longer", None), ("c", 3)])
    assert capsys.readouterr().out == "a       one\nlonger  -\nc       3\n"


def test_a_link_is_not_broken_however_narrow_the_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    link = f"https://gate.example/{'x' * 60}"
    print_fields(CliContext(environment={"COLUMNS": "40"}), [("link", link), ("longer", "a b")])
    assert capsys.readouterr().out == f"link    {link}\nlonger  a b\n"


def test_who_waits_at_a_terminal_sees_a_sign_of_life_that_goes_away_and_a_pipe_gets_none() -> None:
    imports = "from yett.cli.context import CliContext; from yett.cli.output import waiting"
    code = f"{imports}\nwith waiting(CliContext(), 'asking it'): pass"
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, stderr=other, stdout=subprocess.PIPE, check=True)
    os.close(other)
    shown = os.read(main, 65_536).decode()
    os.close(main)
    assert "asking it" in shown
    assert shown.endswith("\x1b[2K")  # the line is empty again
    assert done.stdout == b""
    piped = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert (piped.stdout, piped.stderr) == (b"", b"")


def test_a_note_is_not_data(capsys: pytest.CaptureFixture[str]) -> None:
    tell_note(None)
    tell_note("mind\x1b the gap")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "note: mind\\x1b the gap\n")


def test_an_error_is_one_line_with_its_details_below(capsys: pytest.CaptureFixture[str]) -> None:
    details = [{"pointer": "/a", "message": "bad", "hint": "better"}, "more", {"odd": 1}]
    status = print_error(CONTEXT, CommandError("it\nfailed", exit_code=Exit.FAILED, details=details))
    assert status == 1
    assert capsys.readouterr().err == 'error: it\\x0afailed\n  /a: bad (better)\n  more\n  {"odd": 1}\n'


def test_a_detail_that_the_errors_line_has_already_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(CONTEXT, CommandError("`x` is no url", details=[{"pointer": "/url", "message": "`x` is no url", "hint": None}]))
    assert capsys.readouterr().err == "error: `x` is no url\n"
    print_error(
        CONTEXT, CommandError("`x` is no url", details=[{"pointer": "/url", "message": "`x` is no url", "hint": "write y"}])
    )
    assert capsys.readouterr().err.endswith("  /url: `x` is no url (write y)\n")


def test_an_error_as_json_has_code_message_and_details(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_error(CliContext(json=True, environment={}), StoreFault("no room")) == 3
    assert json.loads(capsys.readouterr().err) == {"error": {"code": "error", "message": "no room"}}
