"""The attacks that are known, in our words. Every policy here is one that `yett policy check` accepts."""

from __future__ import annotations

from typing import Final

from yett.catalog.attacks import Attack, Countermeasure, Source
from yett.catalog.model import RiskClass

READ, WRITE, EXECUTE = RiskClass.READ, RiskClass.WRITE, RiskClass.EXECUTE
DESTRUCTIVE, FINANCIAL = RiskClass.DESTRUCTIVE, RiskClass.FINANCIAL
_SPEC: Final = "https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices"
_DENY_REST: Final = "Deny by default: only tools that a person has listed can be called, whatever a text asks for."

ATTACKS: Final = (
    Attack(
        slug="tool-poisoning",
        name="Tool poisoning",
        kind="protocol",
        owasp=("MCP03:2025", "LLM01:2026"),
        summary="The description of a tool holds orders to the model, which people do not see and the model follows.",
        works=(
            "A server describes a harmless tool, and adds a text for the model: read a file first, pass it along, tell nobody.",
            "The client puts the whole list of tools before the model. The person sees a name and a first line.",
            "The model obeys at the next call, often with a tool of another server, whose access it has as well.",
        ),
        counters=(
            Countermeasure("stops", _DENY_REST, {"version": "1", "default": "deny", "tools": {"get_weather": {}}}),
            Countermeasure(
                "stops",
                "Conditions on arguments: a file that no task needs is not read, a text that no answer needs is not sent.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "read_file": {
                            "require": [{"path": "args.path", "op": "path_within", "value": ["/home/me/project"]}],
                        }
                    },
                },
            ),
            Countermeasure(
                "shows", "The catalogue quotes orders and hidden characters of a description as signals, before anybody uses it."
            ),
        ),
        beyond="The text still reaches the model for tools that are listed: what a gateway holds is what the model does then.",
        sources=(
            Source(
                "Invariant Labs: tool poisoning attacks",
                "https://invariantlabs.ai/blog/mcp-security-notification-tool-poisoning-attacks",
            ),
            Source("OWASP MCP Top 10", "https://owasp.org/www-project-mcp-top-10/"),
        ),
        risks=frozenset({READ, EXECUTE}),
        signals=frozenset({"instructions", "hidden_text", "lookalike_name", "assurance"}),
    ),
    Attack(
        slug="rug-pull",
        name="Rug pull",
        kind="supply chain",
        owasp=("MCP03:2025", "MCP04:2025"),
        summary="A server is harmless while people look at it, and changes its tools, or what they do, afterwards.",
        works=(
            "A tool is looked at once, approved, and trusted from then on.",
            "Later the server changes the description, adds an argument, or does another thing under the same name.",
            "Clients load the new list without a word; agents call what they know by name.",
        ),
        counters=(
            Countermeasure(
                "limits",
                "A policy names arguments as well as tools: what a changed tool asks for beyond them is refused.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "send_email": {
                            "require": [{"path": "args.to", "op": "regex", "value": "^[^@]+@example\\.com$"}],
                            "deny_if": [{"conditions": [{"path": "args.bcc", "op": "exists", "value": True}]}],
                        }
                    },
                },
            ),
            Countermeasure("stops", "A tool that was not there when the policy was written is denied by default."),
            Countermeasure(
                "shows", "Tool lists are read again, and what changed is judged by the list of now, never by the one of before."
            ),
        ),
        beyond="A server that keeps its description and changes only its code is not seen on the wire: pin versions of packages.",
        sources=(
            Source(
                "Koi: the first malicious MCP server, one line of it",
                "https://www.koi.ai/blog/postmark-mcp-npm-malicious-backdoor-email-theft",
            ),
            Source(
                "Invariant Labs: WhatsApp messages taken by a changed tool",
                "https://invariantlabs.ai/blog/whatsapp-mcp-exploited",
            ),
        ),
        risks=frozenset({WRITE, EXECUTE}),
        signals=frozenset({"messaging", "open_arguments", "no_schema"}),
    ),
    Attack(
        slug="indirect-prompt-injection",
        name="Indirect prompt injection",
        kind="agent",
        owasp=("MCP06:2025", "LLM01:2026"),
        summary="What a tool brings back, a mail, a page, an issue, holds orders, and the agent takes them for its task.",
        works=(
            "Somebody writes where an agent will read: a public issue, a review, a page, the subject of a mail.",
            "The agent reads it with one tool and, obeying, uses the others that it has: those that write, send or run.",
            "Each call is well formed and comes with a good token. Only its purpose is another's.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "What cannot be undone needs a person, whoever had the idea.",
                {"version": "1", "default": "deny", "tools": {"merge_pull_request": {"require_approval": [{"conditions": []}]}}},
            ),
            Countermeasure(
                "stops",
                "Grants for one task: an agent that reads the public has no grant for what is private.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {"get_issue": {"require": [{"path": "args.repo", "op": "in", "value": ["website", "handbook"]}]}},
                },
            ),
            Countermeasure(
                "limits", "Limits: an agent that was talked into something does it ten times, not ten thousand times."
            ),
        ),
        beyond="Which text is an order is for the model to tell; a gateway bounds what comes of being wrong.",
        sources=(
            Source("OWASP LLM01:2025: prompt injection", "https://genai.owasp.org/llmrisk/llm01-prompt-injection/"),
            Source(
                "Invariant Labs: private repositories by a public issue", "https://invariantlabs.ai/blog/mcp-github-vulnerability"
            ),
        ),
        risks=frozenset({READ, WRITE, EXECUTE}),
        signals=frozenset({"url", "html"}),
    ),
    Attack(
        slug="data-exfiltration",
        name="Data exfiltration",
        kind="agent",
        owasp=("MCP02:2025", "LLM02:2026", "LLM03:2026"),
        summary="One tool reads what is private, another carries it out; neither call is wrong by itself.",
        works=(
            "An agent has three things at once: private data, texts of strangers, and a way out.",
            "The way out need not look like one: a URL that is fetched, a comment, a search term, a picture's address.",
            "What was read goes along as an argument.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Name where things may go: hosts, recipients, channels.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {"fetch": {"require": [{"path": "args.url", "op": "host_in", "value": ["docs.example.com"]}]}},
                },
            ),
            Countermeasure("limits", "One grant for each server and task, so that reading and sending are not in one hand."),
            Countermeasure(
                "shows", "The decision log has each call with the names of its arguments and a keyed digest of their values."
            ),
        ),
        beyond="What is said in an allowed field to an allowed recipient is not read for secrets.",
        sources=(
            Source("Simon Willison: the lethal trifecta", "https://simonwillison.net/2025/Jun/16/the-lethal-trifecta/"),
            Source(
                "General Analysis: a database read out by a support ticket",
                "https://www.generalanalysis.com/blog/supabase-mcp-blog",
            ),
        ),
        risks=frozenset({READ, WRITE, EXECUTE}),
        signals=frozenset({"url", "http", "headers", "secrets", "personal_data", "messaging", "sql"}),
    ),
    Attack(
        slug="runaway-loop",
        name="Runaway loop",
        kind="agent",
        owasp=("LLM03:2026", "LLM06:2026"),
        summary="An agent repeats a call, since it failed, half worked, or was asked for: until money or rights are gone.",
        works=(
            "A call fails or gives an answer that the agent does not understand; it tries again, at once.",
            "Nothing in the protocol counts. Ten agents do it at the same time.",
            "The bill, the mail provider's patience or the database's disk is the first limit that is met.",
        ),
        counters=(
            Countermeasure(
                "limits",
                "A limit for each tool, counted atomically for all agents of a grant.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "send_email": {"limits": [{"counter": "mails_an_hour", "window": "hour", "max": 20, "scope": "grant"}]},
                    },
                },
            ),
            Countermeasure("limits", "A limit over all tools of a grant, for whatever was not thought of."),
            Countermeasure("stops", "The kill switch: `yett stop grant NAME`, for the next call."),
        ),
        beyond="Within the limit, a useless call is as good as a useful one.",
        sources=(
            Source("OWASP LLM10:2025: unbounded consumption", "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/"),
        ),
        risks=frozenset({WRITE, EXECUTE, FINANCIAL}),
        signals=frozenset({"bulk", "messaging", "money"}),
    ),
    Attack(
        slug="destructive-action",
        name="Destruction without a question",
        kind="agent",
        owasp=("MCP02:2025", "LLM03:2026"),
        summary="An agent deletes, resets or overwrites what it should have left alone, and says so afterwards, if at all.",
        works=(
            "The agent holds a right that its task never needed, since the server gives all tools or none.",
            "A step fails, and clearing everything looks like the way on.",
            "There is no second question: the protocol has hints for dangerous tools, and clients may overlook them.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "Hide it: what an agent does not see it does not try.",
                {"version": "1", "default": "deny", "hide": ["drop_table"]},
            ),
            Countermeasure(
                "stops",
                "Or let a person decide on exactly this call.",
                {"version": "1", "default": "deny", "tools": {"delete_branch": {"require_approval": [{"conditions": []}]}}},
            ),
        ),
        beyond="Backups. A tool called `update` may overwrite all the same: read what the catalogue says of it.",
        sources=(
            Source("OWASP LLM06:2025: excessive agency", "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/"),
            Source(
                "The Register: a production database deleted",
                "https://www.theregister.com/2025/07/21/replit_saastr_vibe_coding_incident/",
            ),
        ),
        risks=frozenset({DESTRUCTIVE}),
        signals=frozenset({"force", "irreversible", "destructive_hint", "bulk"}),
    ),
    Attack(
        slug="unwanted-payment",
        name="Payments nobody meant",
        kind="agent",
        owasp=("MCP02:2025", "LLM03:2026"),
        summary="An agent buys, refunds or transfers more than it should: talked into it, or by a slip of a digit.",
        works=(
            "The amount is an argument like any other, and the model writes it.",
            "A text asks for a refund; the agent has a tool for refunds.",
            "Many small sums stay below the eye of whoever would have noticed a large one.",
        ),
        counters=(
            Countermeasure(
                "stops",
                "A person approves each, or each above a sum.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "create_refund": {
                            "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]}],
                            "require_approval": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 50}]}],
                        }
                    },
                },
            ),
            Countermeasure(
                "limits",
                "A budget by the sum of the argument, in exact decimals.",
                {
                    "version": "1",
                    "default": "deny",
                    "tools": {
                        "create_refund": {
                            "limits": [
                                {
                                    "counter": "refunds_a_day",
                                    "window": "day",
                                    "max": 1000,
                                    "scope": "grant",
                                    "increment_from": "args.amount",
                                }
                            ]
                        }
                    },
                },
            ),
        ),
        beyond="Whether a refund is owed.",
        sources=(Source("OWASP LLM06:2025: excessive agency", "https://genai.owasp.org/llmrisk/llm062025-excessive-agency/"),),
        risks=frozenset({FINANCIAL}),
        signals=frozenset({"money"}),
    ),
    Attack(
        slug="confused-deputy",
        name="Confused deputy",
        kind="credentials",
        owasp=("MCP07:2025",),
        summary="A server acts with rights of its own for whoever asks, so that a caller gets by its hand what is not theirs.",
        works=(
            "The server holds one credential for all its callers, usually a mighty one.",
            "Who asked is lost on the way; whatever the credential may, every agent may.",
            "In OAuth the same happens when a proxy's one client id serves everybody's consent.",
        ),
        counters=(
            Countermeasure(
                "stops", "A grant is for one server and has at most one policy; a foreign or revoked one is answered like none."
            ),
            Countermeasure(
                "stops",
                "Credentials are attached after the decision, to the configured origin only; the agent's token never goes on.",
            ),
            Countermeasure("limits", "Token exchange and narrow scopes for each server, in place of one mighty key."),
        ),
        beyond="What the server does with its credential behind the call.",
        sources=(Source("Model Context Protocol: security best practices", _SPEC),),
        risks=frozenset({WRITE, DESTRUCTIVE, FINANCIAL}),
        signals=frozenset({"secrets", "headers"}),
    ),
)
"""Those of the protocol and agents; impostors are in `attack_impostors`, what reaches through arguments in `attack_arguments`."""
