"""The risks of two lists of OWASP, by code and year: for MCP (version 0.1, a beta), and for applications of language models."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OWASP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "MCP01:2025": "Token Mismanagement & Secret Exposure",
        "MCP02:2025": "Privilege Escalation via Scope Creep",
        "MCP03:2025": "Tool Poisoning",
        "MCP04:2025": "Software Supply Chain Attacks & Dependency Tampering",
        "MCP05:2025": "Command Injection & Execution",
        "MCP06:2025": "Intent Flow Subversion",
        "MCP07:2025": "Insufficient Authentication & Authorization",
        "MCP08:2025": "Lack of Audit and Telemetry",
        "MCP09:2025": "Shadow MCP Servers",
        "MCP10:2025": "Context Injection & Over-Sharing",
        "LLM01:2026": "Prompt Injection",
        "LLM02:2026": "Sensitive Information Disclosure",
        "LLM03:2026": "Excessive Agency",
        "LLM04:2026": "Supply Chain",
        "LLM05:2026": "Data and Model Poisoning",
        "LLM06:2026": "Unbounded Consumption",
        "LLM07:2026": "Misinformation",
        "LLM08:2026": "Hidden Context Exposure",
        "LLM09:2026": "Vector and Embedding Weaknesses",
        "LLM10:2026": "Improper Output Handling",
    }
)
"""What each is called."""


def owasp_named(code: str) -> str:
    """A code with its name."""
    return f"{code} {OWASP[code]}"
