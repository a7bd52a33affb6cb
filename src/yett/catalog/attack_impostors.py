"""Attacks by what only looks like something trusted, in our words."""

from __future__ import annotations

from typing import Final

from yett.catalog.attacks import Attack, Countermeasure, Source

IMPOSTOR_ATTACKS: Final = (
    Attack(
        slug="typosquatting",
        name="Typosquatting and impostors",
        kind="supply chain",
        owasp=("MCP03:2025", "MCP04:2025"),
        summary="A server, or a tool, bears nearly the name of one that is trusted.",
        works=(
            "A package or a registry entry differs by a letter, a hyphen or an alphabet.",
            "An agent that is asked to add the server picks what sounds right.",
            "A tool of one server takes the name of another's, and is called in its place.",
        ),
        counters=(
            Countermeasure("stops", "A command is never taken from the API: only what the host itself lists can be started."),
            Countermeasure(
                "stops",
                "Tools are known by server and exact name, and grants are for one server: no other one answers in its place.",
            ),
            Countermeasure("shows", "The catalogue names letters of mixed alphabets in a tool's name."),
        ),
        beyond="Whether the package that you named is the one that you meant.",
        sources=(
            Source(
                "Snyk: a malicious copy on the package registry",
                "https://snyk.io/blog/malicious-mcp-server-on-npm-postmark-mcp-harvests-emails/",
            ),
            Source("OWASP MCP Top 10", "https://owasp.org/www-project-mcp-top-10/"),
        ),
        signals=frozenset({"lookalike_name"}),
    ),
)
