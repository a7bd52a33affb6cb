"""What a scan can find: one stable code each, what it means, what to do about it, and where to read on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yett.catalog.model import Severity


class Code(StrEnum):
    """Which kind of finding it is. Stable: reports and their readers go by it."""

    POSSIBLE_IMPOSTOR = "possible-impostor"
    HOSTILE_DEFINITION = "hostile-definition"
    POISONED_TOOL = "poisoned-tool"
    UNKNOWN_TOOLS = "unknown-tools"
    UNKNOWN_PUBLISHER = "unknown-publisher"
    DANGEROUS_TOOLS = "dangerous-tools"
    WRITING_TOOLS = "writing-tools"
    SECRET_IN_FILE = "secret-in-file"  # noqa: S105 - a code, no password
    PACKAGE_NOT_PINNED = "package-not-pinned"
    INSECURE_TRANSPORT = "insecure-transport"
    SHELL = "shell"
    DIVERTED_LAUNCH = "diverted-launch"
    MOVED = "moved"
    CHANGED_TOOLS = "changed-tools"
    CHANGED_STANDING = "changed-standing"
    NOTHING_TO_START = "nothing-to-start"
    UNREADABLE_FILE = "unreadable-file"
    REMARK = "remark"
    """Good to know, and no reason to do anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of finding means."""

    title: str
    why: str
    remedy: str
    severity: Severity
    """The usual one."""
    help_uri: str


_OWASP: Final = "https://owasp.org/www-project-mcp-top-10/"
_POISONING: Final = "https://invariantlabs.ai/blog/mcp-security-notification-tool-poisoning-attacks"
_CWE: Final = "https://cwe.mitre.org/data/definitions"

RULES: Final[Mapping[Code, Rule]] = {
    Code.POSSIBLE_IMPOSTOR: Rule(
        "The server resembles a well-known one",
        "Its package or host is a typing fault, a look-alike letter or another publisher away from a well-known server.",
        "Ask whoever configured it; replace it by the well-known server if that was meant.",
        Severity.CRITICAL,
        "https://snyk.io/blog/malicious-mcp-server-on-npm-postmark-mcp-harvests-emails/",
    ),
    Code.HOSTILE_DEFINITION: Rule(
        "A tool's definition works against whoever reads it",
        "It gives orders to the model, hides characters, or has a name that imitates another.",
        "Do not connect the server; read the definition that is named.",
        Severity.CRITICAL,
        _POISONING,
    ),
    Code.POISONED_TOOL: Rule(
        "A tool's definition shows signs of poisoning",
        "Text in a definition is read by the model as if its owner had written it.",
        "Read the quoted text; deny the tool or remove the server.",
        Severity.HIGH,
        _POISONING,
    ),
    Code.UNKNOWN_TOOLS: Rule(
        "It is not known what the server's tools can do",
        "The server was not asked, and is not in the catalogue.",
        "Scan with `--start` or `--contact`, or give its tools with `--tools FILE`.",
        Severity.HIGH,
        _OWASP,
    ),
    Code.UNKNOWN_PUBLISHER: Rule(
        "The server is not on the list of well-known ones",
        "Nothing is known of who publishes it. That list is short: unknown does not mean bad.",
        "Look at who publishes it; put it behind Yett with a policy.",
        Severity.LOW,
        _OWASP,
    ),
    Code.DANGEROUS_TOOLS: Rule(
        "Tools run things, remove things or move money",
        "A wrong or injected call does harm that cannot be undone.",
        "Put the server behind Yett with the recommended policy, or deny these tools in the client.",
        Severity.CRITICAL,
        "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/",
    ),
    Code.WRITING_TOOLS: Rule(
        "Tools write",
        "A wrong or injected call changes something, in a way that can be undone.",
        "Put the server behind Yett with the recommended policy.",
        Severity.MEDIUM,
        "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/",
    ),
    Code.SECRET_IN_FILE: Rule(
        "A secret may stand in the file",
        "Configuration files are copied, committed and backed up.",
        "Keep the secret outside: name a variable instead, or let `yett wrap` seal it.",
        Severity.MEDIUM,
        f"{_CWE}/312.html",
    ),
    Code.PACKAGE_NOT_PINNED: Rule(
        "The package has no fixed version",
        "The next start may fetch another program than this one.",
        "Write the version down.",
        Severity.LOW,
        _OWASP,
    ),
    Code.INSECURE_TRANSPORT: Rule(
        "Plain http",
        "Whoever is on the way reads and changes what is said.",
        "Use https.",
        Severity.HIGH,
        f"{_CWE}/319.html",
    ),
    Code.SHELL: Rule(
        "A shell starts the server",
        "What runs is whatever the shell makes of the text, not a named program.",
        "Name the program and its arguments.",
        Severity.HIGH,
        f"{_CWE}/78.html",
    ),
    Code.DIVERTED_LAUNCH: Rule(
        "It may be another program than it names",
        "Variables or options lead to another package, the program is a file of the repository, or several are named.",
        "Take them out, or ask whoever put them there.",
        Severity.HIGH,
        f"{_CWE}/829.html",
    ),
    Code.MOVED: Rule(
        "It is another server than last time",
        "The same name stands for another command or address now.",
        "Find out who changed it, and why.",
        Severity.HIGH,
        "https://www.koi.ai/blog/postmark-mcp-npm-malicious-backdoor-email-theft",
    ),
    Code.CHANGED_TOOLS: Rule(
        "Its tools changed since they were last seen",
        "A server that was looked at once can become another one later.",
        "Look at what is new before an agent uses it.",
        Severity.MEDIUM,
        "https://www.koi.ai/blog/postmark-mcp-npm-malicious-backdoor-email-theft",
    ),
    Code.CHANGED_STANDING: Rule(
        "It is judged otherwise than when it was last seen",
        "Its grade, its identity or how it authenticates is another one.",
        "Find out what changed, and whether that was meant.",
        Severity.MEDIUM,
        "https://www.koi.ai/blog/postmark-mcp-npm-malicious-backdoor-email-theft",
    ),
    Code.NOTHING_TO_START: Rule(
        "The entry names neither a command nor an address",
        "Clients may fill it in from elsewhere.",
        "Complete the entry or remove it.",
        Severity.LOW,
        _OWASP,
    ),
    Code.UNREADABLE_FILE: Rule(
        "A configuration file could not be read",
        "What is in it was not looked at; clients may read it nevertheless, each in its own way.",
        "Repair the file where it says.",
        Severity.HIGH,
        f"{_CWE}/436.html",
    ),
    Code.REMARK: Rule("Remark", "Good to know.", "Nothing.", Severity.LOW, _OWASP),
}
