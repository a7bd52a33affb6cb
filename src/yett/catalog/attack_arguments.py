"""Attacks that reach through the arguments of a call, in our words. Every policy here is one that `yett policy check` accepts."""

from __future__ import annotations

from typing import Final

from yett.catalog.attack_impostors import IMPOSTOR_ATTACKS
from yett.catalog.attack_rows import ATTACKS
from yett.catalog.attacks import Attack, Countermeasure, Source
from yett.catalog.model import RiskClass

READ, WRITE, EXECUTE = RiskClass.READ, RiskClass.WRITE, RiskClass.EXECUTE

ARGUMENT_ATTACKS: Final = (
    Attack(
        slug="command-injection",
        name="Command and code injection",
        kind="arguments",
        owasp=("MCP05:2025", "LLM10:2026"),
        summary="A text that an agent passes on is run: as a command line, as code, as a template.",
        works=(
            "A tool takes a command, or puts an argument into one.",
            "Somebody else's text becomes part of the argument: a file name, a branch, a search term.",
            "It runs with the rights of the server.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Say what an argument may look like, whole.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "run_command": {"require": [{"path": "args.command", "op": "regex", "value": "^git (status|log|diff)$"}]}
                    },
                },
            ),
            Countermeasure("limits", "Few runs a minute, and a person for the rest."),
        ),
        beyond="A server that quotes its arguments badly: report it, and give it less.",
        sources=(
            Source("CWE-78: OS command injection", "https://cwe.mitre.org/data/definitions/78.html"),
            Source("NVD: CVE-2025-6514", "https://nvd.nist.gov/vuln/detail/CVE-2025-6514"),
        ),
        risks=frozenset({EXECUTE}),
        signals=frozenset({"shell", "code", "html"}),
    ),
    Attack(
        slug="path-traversal",
        name="Path traversal",
        kind="arguments",
        owasp=("MCP05:2025", "LLM10:2026"),
        summary="A path leads out of the folder that was meant: by dots, by links, by another spelling.",
        works=(
            "A tool reads or writes files below a folder, and takes a path.",
            "The path climbs (`../`), is absolute, or is written so that a check and the file system read it differently.",
            "Keys, settings and other people's files are read, or a file that starts programs is written.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Judge the path as the file system would read it; what cannot be read in one way is refused.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {"read_file": {"require": [{"path": "args.path", "op": "path_within", "value": ["/srv/shared"]}]}},
                },
            ),
        ),
        beyond="Links within the folder are the server's to follow or not.",
        sources=(Source("CWE-22: path traversal", "https://cwe.mitre.org/data/definitions/22.html"),),
        risks=frozenset({READ, WRITE}),
        signals=frozenset({"path"}),
    ),
    Attack(
        slug="ssrf",
        name="Requests into your own network",
        kind="arguments",
        owasp=("MCP05:2025", "LLM10:2026"),
        summary="A tool that fetches addresses is sent to those that only it can reach: metadata of the cloud, databases.",
        works=(
            "An argument is a URL, or becomes part of one.",
            "It names a private address, or a public name that leads to one a moment later.",
            "The answer comes back to the agent, and with it credentials of the machine.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Name the hosts; a URL that two readers understand differently fits none.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {"fetch": {"require": [{"path": "args.url", "op": "host_in", "value": ["api.example.com"]}]}},
                },
            ),
            Countermeasure(
                "stops", "Yett's own requests go to addresses that were judged, never to private ones that nobody listed."
            ),
        ),
        beyond="Where the server's own name look-up leads: give it no route to what it must not reach.",
        sources=(Source("CWE-918: server-side request forgery", "https://cwe.mitre.org/data/definitions/918.html"),),
        risks=frozenset({READ, EXECUTE}),
        signals=frozenset({"url", "http", "headers"}),
    ),
    Attack(
        slug="sql-injection",
        name="More than a query",
        kind="arguments",
        owasp=("MCP05:2025", "LLM10:2026"),
        summary="A tool for questions takes whole statements, and somebody writes one that changes or reads everything.",
        works=(
            "The tool takes SQL, or puts an argument into it.",
            "A second statement, a comment or a function of the database does what the first one hid.",
            "The server's account may more than the task needs.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Allow reading statements only; what cannot be parsed in one way is refused.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "query": {
                            "require": [
                                {"path": "args.sql", "op": "sql_only", "value": {"dialect": "postgres", "kinds": ["select"]}}
                            ]
                        }
                    },
                },
            ),
            Countermeasure("limits", "An account that may read only what it should: the gate is one of two."),
        ),
        beyond="A function within a reading statement that writes: take the right away in the database.",
        sources=(Source("CWE-89: SQL injection", "https://cwe.mitre.org/data/definitions/89.html"),),
        risks=frozenset({EXECUTE}),
        signals=frozenset({"sql"}),
    ),
    Attack(
        slug="credential-leak",
        name="Credentials in answers and errors",
        kind="credentials",
        owasp=("MCP01:2025", "LLM02:2026"),
        summary="A tool hands out keys, tokens or connection strings, in its result or in the text of an error.",
        works=(
            "Settings, environments and stack traces hold secrets, and tools show them.",
            "The model repeats what it saw: into an argument, a file, a chat.",
            "A key that was seen once is good until somebody rotates it.",
        ),
        counters=(
            Countermeasure("stops", "The server's credential stays in the gateway: the agent cannot show what it never had."),
            Countermeasure(
                "stops",
                "Tools that read secrets are listed for nobody who need not have them.",
                {"version": "1", "default": "deny", "hide": ["get_secret"]},
            ),
            Countermeasure("limits", "Grants that expire, rotate with an overlap, and end for their next call."),
        ),
        beyond="What a server puts into an allowed answer is passed on as it is.",
        sources=(
            Source(
                "OWASP LLM02:2025: sensitive information disclosure",
                "https://genai.owasp.org/llmrisk/llm022025-sensitive-information-disclosure/",
            ),
            Source(
                "GitGuardian: one traversal, the keys of thousands of servers",
                "https://blog.gitguardian.com/breaking-mcp-server-hosting/",
            ),
        ),
        risks=frozenset({READ}),
        signals=frozenset({"secrets"}),
    ),
    Attack(
        slug="mass-action",
        name="One call, a thousand effects",
        kind="arguments",
        owasp=("MCP02:2025", "LLM03:2026"),
        summary="A list, a filter or a switch turns one allowed call into very many.",
        works=(
            "The tool takes many ids, a filter, or `all`.",
            "Limits that count calls count one.",
            "A wrong filter, or an empty one, means everything.",
        ),
        counters=(
            Countermeasure(
                "limits",
                "Count the members, not the calls, and bound them for one call.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "send_messages": {
                            "require": [{"path": "args.recipients", "op": "size_lte", "value": 10}],
                            "limits": [
                                {
                                    "counter": "recipients_a_day",
                                    "window": "day",
                                    "max": 100,
                                    "scope": "grant",
                                    "increment_size_of": "args.recipients",
                                }
                            ],
                        }
                    },
                },
            ),
        ),
        beyond="How many a server-side filter matches is not in the call.",
        sources=(Source("OWASP LLM06:2025: excessive agency", "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/"),),
        risks=frozenset({WRITE}),
        signals=frozenset({"bulk", "force", "messaging"}),
    ),
)
ALL_ATTACKS: Final = (*ATTACKS, *IMPOSTOR_ATTACKS, *ARGUMENT_ATTACKS)
"""The whole database, in the order in which it is shown."""
