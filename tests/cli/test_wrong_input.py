"""What commands answer to input that makes no sense: a command line, its exit status, and a part of the message."""

from __future__ import annotations

import shlex
from typing import Final

import pytest

from tests.cli.terminal import Terminal
from yett.cli.output import Exit

FILES: Final = {
    "p.json": b'{"version": "1", "default": "deny"}',
    "bad.json": b'{"version": "2"}',
    "binary": b"\xff",
    "object.json": b"{}",
    "list.json": b"[]",
}

USAGE: Final = {
    "up extra": "got unexpected extra argument (extra); see `yett up --help`",
    "run -- true": "missing option '--policy'",
    "run --policy p.json": "missing argument '-- COMMAND…'",
    "run --policy folder -- true": "'folder' is a directory",
    "connect": "missing argument 'SERVER'",
    "connect shop": "no token; set YETT_TOKEN, or give --token-file",
    "demo --chek": "no such option '--chek'. (Did you mean one of: '--check'",
    "server add Shop --url http://x/mcp": "`Shop` is no name for a server: lower-case letters",
    "server add a --url http://x:99999/": "`http://x:99999/` is no url: Port out of range",
    "server add a --url http://u:p@x/": "the url holds a user or password; use `--credential env:NAME`",
    "grant mint --server shop --expires 2001-01-01": "the expiry `2001-01-01` has passed",
    "grant mint --server shop --expires soon": "`soon` is no expiry: write `90m`, `12h`",
    "grant mint --server shop --tag x": "`x` is no tag: write KEY=VALUE",
    "grant mint --server shop --tag x=1 --tag x=2": "the tag `x` is given twice",
    "policy check": "missing argument 'FILE...'",
    "policy fmt --check --write p.json": "`--write` and `--check` do not stand together",
    "policy lint p.json --fail-on bad": "'bad' is not one of 'note', 'warning'",
    "policy explain p.json": "name one of `--call`, `--tool`, `--resource` and `--prompt`",
    "policy explain p.json --tool a --arguments x": "`--arguments`: not readable as JSON",
    "policy explain p.json --tool a --arguments []": "`--arguments` takes a JSON object",
    "policy explain p.json --tool a --at noon": "`noon` is no moment",
    "policy explain p.json --tool a --risk Read!": "`Read!` is no risk class; did you mean `Read`?",
    "policy explain p.json --tool a --used x=1": "no limit of this call has a counter `x`",
    "policy set Bad p.json": "`Bad` is no name for a policy",
    "policy show p --revision 0": "0 is not in the range x>=1",
    "limits show --scope all": "'all' is not one of 'grant', 'session', 'server', 'organisation'",
    "log --since noon": "`noon` is no moment",
    "status --minutes 0": "0 is not in the range 1<=x<=1440",
    "completion": "missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish",
    "completion tcsh": "'tcsh' is not one of 'bash', 'zsh', 'fish'",
}
NOT_RUN: Final = {
    "run --policy none.json -- true": "policy file `none.json` cannot be used: No such file or directory",
    "run --policy bad.json -- true": 'at `/version`: unknown version of the policy language; write `"1"` (and 1 more)',
    "run --policy binary -- true": "policy file `binary` cannot be used: policy refused: not readable as JSON",
    "connect shop --token-file none": "cannot read the token file `none`: No such file or directory",
    "connect shop --token-file binary": "cannot read the token file `binary`: it holds no text",
    "connect shop --token x --url ftp://x": "`ftp://x/mcp/shop` is not a usable server url",
    "connect 'a b' --token x": "a server url holds blanks or control characters; percent-encode them",
    "server add shop --url http://x/mcp": "there is a server `shop` already; remove it first, or choose another name",
    "server show none": "there is no server `none`; `yett server list` shows all",
    "server remove none": "there is no server `none`",
    "server tools none": "there is no server `none`",
    "grant mint --server none": "there is no server `none`",
    "grant mint --server shop --policy none": "there is no policy `none`; publish one with `yett policy set none FILE`",
    "grant show none": "there is no grant `none`; `yett grant list` shows all",
    "grant revoke none": "there is no grant `none`",
    "grant rotate none": "there is no grant `none`",
    "grant set-policy none p": "there is no policy `p`; publish one with `yett policy set p FILE`",
    "grant list --server none": "there is no server `none`",
    "policy check none.json": "cannot read `none.json`: No such file or directory",
    "policy check folder": "cannot read `folder`: Is a directory",
    "policy lint p.json --tools object.json": "`object.json` holds no list of tools; expected the answer of tools/list",
    "policy lint p.json --previous bad.json": "`bad.json`, the revision before, is no policy: at `/version`",
    "policy test none": "cannot read `none`: No such file or directory",
    "policy test folder": "`folder` holds no .json and no .yaml file",
    "policy explain bad.json --tool a": "bad.json is no policy; `yett policy check` shows where",
    "policy set q none.json": "cannot read `none.json`: No such file or directory",
    "policy set q p.json --grant none": "there is no grant `none`",
    "policy show none": "there is no policy `none`; publish one with `yett policy set none FILE`",
    "limits reset none": "no such counter `none`; `yett limits show --all` lists them",
    "--config none.toml server list": "cannot read the configuration file",
    "--config p.json server list": "is not valid TOML: Invalid statement (at line 1, column 1)",
}
FAILED: Final = {
    "policy fmt bad.json": "bad.json is no policy (2 errors)",
    "policy set q bad.json": "the policy `q` has 2 errors",
    "policy set q binary": "`binary` is not UTF-8 text: invalid start byte at byte 0",
}
CASES: Final = [
    (line, status, part)
    for status, table in ((Exit.USAGE, USAGE), (Exit.NOT_RUN, NOT_RUN), (Exit.FAILED, FAILED))
    for line, part in table.items()
]


@pytest.mark.parametrize(("line", "status", "part"), CASES, ids=[line for line, *_ in CASES])
def test_input_that_makes_no_sense_is_told_in_one_sentence(terminal: Terminal, line: str, status: Exit, part: str) -> None:
    for name, content in FILES.items():
        (terminal.directory / name).write_bytes(content)
    (terminal.directory / "folder").mkdir()
    if "shop" in line and not line.startswith("connect"):
        terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    done = terminal.run(*shlex.split(line))
    assert (done.status, done.out) == (status, "")
    first, *details = done.err.splitlines()
    assert first.startswith("error: ")
    assert part in first
    assert "\\x" not in first
    assert all(detail.startswith("  /") for detail in details)


@pytest.mark.parametrize(
    ("line", "part"),
    [("list.json", "list.json:1:1: error: the file holds no scenario"), ("p.json", "p.json:1:2: error: unknown key `version`")],
)
def test_a_file_that_holds_no_scenarios_is_told_with_its_place(terminal: Terminal, line: str, part: str) -> None:
    for name, content in FILES.items():
        (terminal.directory / name).write_bytes(content)
    done = terminal.run("policy", "test", line)
    assert done.status == Exit.NOT_RUN
    assert done.out.startswith(part)
