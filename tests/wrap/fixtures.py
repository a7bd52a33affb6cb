"""Files as people leave them: comments, trailing commas, unknown members, odd blanks, other line ends, a byte order mark."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from tests.scan.client_files import CASES
from yett.scan.dialects import Format, format_of
from yett.scan.model import Client, ConfigFile

HOME: Final = Path("/home/me")
ARGV: Final = ("/opt/yett/bin/yett", "connect", "files", "--token-file", "/home/me/.local/state/yett/tokens/1")


class Odd(NamedTuple):
    """A file, and how many servers are in it."""

    title: str
    client: Client
    path: str
    data: bytes
    servers: int


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


MESSY: Final = """\
// 团队的设置 — do not sort
{
\t"theme" : "dark", /* odd
   comment with { "command": "no" } */
  "mcpServers":{
      "files" :   {"command":"npx" ,
          // what it runs, was "old // token" once
          "args" : [ "-y", // yes
             "x@1.0.0", "日本語/é\\u00e9" , ],
        "env":{ "A" : "1" , "B":"\\u0022}" , } , "timeout": 5,   "futureKey": {"a": [1, {"b": null}]} , "allow" : [ "read" ],
      },
   "empty args": {
      "env": {},
      "command": "tool"
      },"a\\"b\\\\c": {"url": "https://a.example/mcp", "disabled": false /* for now */},

      // nothing after this
  }  ,
  "last" : [ ]
}

// the end
"""
FIRST: Final = '{"mcpServers": {"z": {"disabled": true, "env": {"A": "b"}, "timeout": 1, "command": "x", "args": []}}}'
LAST: Final = (
    '{"mcpServers": {"z": {"disabled": true,\n "command": "x",\n "args": [], "cwd": "/",\n\n "env": {"A": "b"} /* c */\n\n}}}\n'
)
CODEX: Final = '''\
# mine
model = "o9"   # the model
notes = """
[mcp_servers.fake]
command = "no"
"""

[ mcp_servers . files ]   # what I use
  command = 'npx'  # fetched
args = [
  "-y",   # yes
  "x@1.0.0",
]
startup_timeout_sec = 20
  env = { "A" = "1", B = 'two' }
# between
[mcp_servers.files.tools.read]
approval_mode = "approve"

[mcp_servers]
inline = { url = "https://a.example/mcp", http_headers = { Authorization = "Bearer x" }, enabled = true }
dotted.command = "tool"
dotted.args = ["a"]
dotted.env.A = "1"
dotted.enabled = false

[mcp_servers."odd name ]"]
url = "https://b.example/mcp"
bearer_token_env_var = "TOKEN"
[mcp_servers."odd name ]".http_headers]
X-Key = "k"  # the key
# after it

[[profiles]]
name = 'one'
[projects."/home/me/[x]"]
when = 2026-01-01 10:00:00
'''
WHOLE: Final = 'mcp_servers = { "a" = { command = "x", env = { K = "v" } }, b = { command = "y", args = ["1"] } }\n'

ODD: Final = [
    Odd("comments", Client.CURSOR, ".cursor/mcp.json", MESSY.encode(), 3),
    Odd("carriage returns", Client.VS_CODE, "x/.vscode/mcp.json", _crlf(MESSY.replace("mcpServers", "servers")), 3),
    Odd("byte order mark", Client.CURSOR, ".cursor/mcp.json", b"\xef\xbb\xbf" + MESSY.encode(), 3),
    Odd("no last line break", Client.CURSOR, ".cursor/mcp.json", MESSY.rstrip().encode(), 3),
    Odd("launch in the middle", Client.CURSOR, ".cursor/mcp.json", FIRST.encode(), 1),
    Odd("launch at the end", Client.CURSOR, ".cursor/mcp.json", LAST.encode(), 1),
    Odd("tables", Client.CODEX, ".codex/config.toml", CODEX.encode(), 4),
    Odd("tables with carriage returns", Client.CODEX, ".codex/config.toml", _crlf(CODEX), 4),
    Odd("one inline table", Client.CODEX, ".codex/config.toml", WHOLE.encode(), 2),
    *(
        Odd(case.client.value, case.client, case.path, case.text.encode(), len(case.servers))
        for case in CASES
        if format_of(Path(case.path)) is not Format.YAML
    ),
]


def config_file(odd: Odd) -> ConfigFile:
    return ConfigFile(odd.client, HOME / odd.path)
