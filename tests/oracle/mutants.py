"""Wrong lines that the differential must see, in the engine and in the oracle: each is a mistake that somebody could make."""

from __future__ import annotations

from typing import Final

from tests.oracle.mutated import Mutant


def _in(module: str, *changes: tuple[str, str, str]) -> list[Mutant]:
    return [Mutant(name, module, right, wrong) for name, right, wrong in changes]


ENGINE: Final = [
    *_in(
        "yett.policy.evaluate",
        ("ABSENT passes a require", "if outcome != TRUE:\n", "if outcome != TRUE and outcome != 2:\n"),
        ("ILL passes a deny_if", "if outcome in _DENYING:", "if outcome == TRUE:"),
        (
            "hide comes after unknown",
            "(2, _hidden(plan, call)), (3, _unknown(call, facts))",
            "(3, _unknown(call, facts)), (2, _hidden(plan, call))",
        ),
        (
            "the last suppressed denial is named",
            "if self.suppressed is None:\n            self.suppressed",
            "if True:\n            self.suppressed",
        ),
        (
            "a suppressed call counts in shadow",
            "first.retry_after_s, self.charges, (), self.asks",
            "first.retry_after_s, self.charges, self.shadow_charges, self.asks",
        ),
        (
            "an amount over its limit passes the quick look",
            "isinstance(amount, Code) or amount > unit.maximum",
            "isinstance(amount, Code)",
        ),
        ("people are asked although an approval is at hand", "if self.judged.facts.approved:", "if False:"),
        ("shadow shares the enforced counter", "limit.limit.window, limit.shadow)", "limit.limit.window, False)"),
        ("a session counter is the grant's", 'if scope == "session":', "if False:"),
        (
            "an approval that cannot be judged is not asked for",
            "            if outcome == ILL:\n                message = messages.ill",
            "            if False:\n                message = messages.ill",
        ),
    ),
    *_in(
        "yett.policy.amounts",
        ("a negative increment is taken", "is_exact(found) and found >= 0", "is_exact(found)"),
        ("an unclear increment is taken", "if is_exact(found) and found", "if found"),
        ("null counts as an amount", "found is None or found is MISSING", "found is MISSING"),
    ),
    *_in(
        "yett.policy.compile",
        (
            "limits that share a counter are taken for two",
            "len({limit.limit.counter for limit in limits}) < len(limits)",
            "False",
        ),
        (
            "all_tools comes before the tool",
            "for part in (rule, self.all_tools) if part is not None)",
            "for part in (self.all_tools, rule) if part is not None)",
        ),
        (
            "all_tools overrides the rule's validation",
            "for part in (rule, self.all_tools):\n",
            "for part in (self.all_tools, rule):\n",
        ),
        (
            "risk without the class follows the default",
            "(self.policy.default_allows and self.risk is None)",
            "self.policy.default_allows",
        ),
        ("a rule's mode is ignored", "(rule.mode or self.mode) is Mode.SHADOW", "self.mode is Mode.SHADOW"),
        ("hide_unpermitted hides what only shadow forbids", "return not self.shadow and any(", "return any("),
        ("an un-normal URI finds its rule", "surface is Surface.RESOURCE and not is_normal_uri(name)", "False"),
        ("the third of one name is numbered like the second", 'f"{pointer}/{name}#{seen[name]}"', 'f"{pointer}/{name}#2"'),
    ),
    *_in(
        "yett.policy.operators",
        ("lt stands for lte", "_comparison(le)", "_comparison(lt)"),
        ("not takes ABSENT for TRUE", "return (TRUE, ILL, ABSENT, FALSE)[outcome]", "return (TRUE, ILL, TRUE, FALSE)[outcome]"),
        ("any says ABSENT before ILL", "_ANY_ORDER: Final = (0, 2, 1, 3)", "_ANY_ORDER: Final = (0, 1, 2, 3)"),
        ("contains passes over unclear numbers", "return ILL if has_inexact_number(value) else FALSE", "return FALSE"),
        ("equality takes unclear numbers", "not in kinds or has_inexact_number(value)", "not in kinds"),
        (
            "a path through a scalar is missing",
            'return FALSE if operator == "exists" and literal is True else ILL',
            'return FALSE if operator == "exists" and literal is True else ABSENT',
        ),
        (
            "type_is takes a bool for a number",
            "_type_is(literal: JsonValue) -> Test:\n",
            "_type_is(literal: JsonValue) -> Test:\n"
            "    json_type = lambda value: 'number' if isinstance(value, int) else globals()['json_type'](value)\n",
        ),
    ),
    *_in(
        "yett.policy.conditions",
        ("an empty list satisfies every", "if outcomes else ends.missing", "if outcomes else TRUE"),
        ("some is judged as every", 'if leaf.match == "every" else either', 'if leaf.match == "every" else both'),
        (
            "an undetermined address is missing",
            "UNDETERMINED if judged.facts.client_ip is None",
            "MISSING if judged.facts.client_ip is None",
        ),
        ("a prompt has a tool name", "if judged.call.surface is Surface.TOOL else MISSING", "if True else MISSING"),
        (
            "now is told in UTC",
            "datetime.fromtimestamp(judged.now_ns // NS, zone)",
            "datetime.fromtimestamp(judged.now_ns // NS, ZoneInfo('UTC'))",
        ),
    ),
    *_in(
        "yett.policy.patterns",
        (
            "the least specific pattern wins",
            "key=lambda key: (-literal_characters(key), key)",
            "key=lambda key: (literal_characters(key), key)",
        ),
        (
            "ties go to the last pattern",
            'return sorted((key for key in keys if "*" in key), key=lambda key: (-literal_characters(key), key))',
            'return sorted(sorted((key for key in keys if "*" in key), reverse=True), key=lambda key: -literal_characters(key))',
        ),
    ),
    *_in(
        "yett.policy.network",
        (
            "a domain covers names that end like it",
            "if host[dot + 1 :] in self.domains:",
            "if any(host.endswith(domain) for domain in self.domains):",
        ),
        (
            "a name before @ is passed over",
            "parts = _AUTHORITY.fullmatch(head[1])",
            "parts = _AUTHORITY.fullmatch(head[1].rpartition('@')[2])",
        ),
        ("a back-slash is like any character", r"[\s\x00-\x1f\x7f-\x9f\\]", r"[\s\x00-\x1f\x7f-\x9f]"),
    ),
    *_in(
        "yett.policy.locations",
        ("a directory covers names that begin like it", 'f"{part}/" for part in parts', 'f"{part}" for part in parts'),
        ("a dot segment is a name", 'if part == "..":', 'if part == "...":'),
    ),
    *_in(
        "yett.quota.reserve",
        (
            "sliding counts 60 and not 61",
            "closed = newest - window.buckets_counted\n",
            "closed = newest - window.buckets_counted + 1\n",
        ),
        ("max cannot be reached", "plus) > charge.maximum:", "plus) >= charge.maximum:"),
        ("each limit is checked for its own amount", "plus = charge.amount if alone else added[key]", "plus = charge.amount"),
        (
            "time runs backwards",
            "_counted_at(window, buckets, max(window.bucket(now_ns), *buckets))",
            "_counted_at(window, buckets, window.bucket(now_ns))",
        ),
        ("the wait is rounded down", "-(-(window.opens(later) - now_ns) // NS)", "(window.opens(later) - now_ns) // NS"),
    ),
    *_in(
        "yett.policy.json_value",
        ("integers are clear beyond 2^53", "INTEGER_EXACT_MAX: Final = 2**53", "INTEGER_EXACT_MAX: Final = 2**63"),
    ),
]

ORACLE: Final = [
    *_in(
        "tests.oracle.reference",
        ("ABSENT passes a require", "ABSENT: Code.REQUIRE_FAILED", "ABSENT: None"),
        (
            "ILL passes a deny_if",
            "FALSE: None, ABSENT: None, ILL: Code.ARGUMENT_TYPE}\nAPPROVAL",
            "FALSE: None, ABSENT: None, ILL: None}\nAPPROVAL",
        ),
        ("ILL asks nobody", "ILL: Code.ARGUMENT_TYPE}\nTIMEOUT", "ILL: None}\nTIMEOUT"),
        (
            "hide comes after unknown",
            "        yield from step_hide(case)\n        yield from step_known(case)",
            "        yield from step_known(case)\n        yield from step_hide(case)",
        ),
        ("limits come before require", "    yield from step_limits(case)\n", ""),
        (
            "deny_if comes before require",
            '"require", REQUIRE)\n    yield from step_entries(case, "deny_if", DENY_IF)',
            '"deny_if", DENY_IF)\n    yield from step_entries(case, "require", REQUIRE)',
        ),
        ("shadow is enforced", "next((denial for denial in found if not denial.shadow), None)", "next(iter(found), None)"),
        ("the last suppressed denial is named", "first = found[0]", "first = found[-1]"),
        ("an approval lifts nothing", "if not case.facts.approved:", "if True:"),
        (
            "the document validates before the rule",
            'places = [*case.rules, Rule("", case.document, is_shadow(case.document, {}))]',
            'places = [Rule("", case.document, is_shadow(case.document, {})), *case.rules]',
        ),
    ),
    *_in(
        "tests.oracle.rules",
        (
            "all_tools comes before the tool",
            "(rule_of(document, call, facts), all_tools_of(document, call)) if",
            "(all_tools_of(document, call), rule_of(document, call, facts)) if",
        ),
        ("the least specific pattern wins", '(-len(key.replace("*", "")), key)', '(len(key.replace("*", "")), key)'),
        (
            "risk without the class follows the default",
            'document["default"] == "deny" or "risk" in document',
            'document["default"] == "deny"',
        ),
        ("keys are not escaped", '.replace("/", "~1")', ""),
        ("shadow shares the enforced counter", 'body.get("sliding", False)), shadow)', 'body.get("sliding", False)), False)'),
        ("a negative increment is taken", "or not is_clear(value) or value < 0", "or not is_clear(value)"),
    ),
    *_in(
        "tests.oracle.conditions",
        ("lt stands for lte", '"lte": _number(lambda a, b: a <= b)', '"lte": _number(lambda a, b: a < b)'),
        ("AND says ABSENT before ILL", "[FALSE, ILL, ABSENT, TRUE]", "[FALSE, ABSENT, ILL, TRUE]"),
        ("any says ABSENT before ILL", "[TRUE, ILL, ABSENT, FALSE]", "[TRUE, ABSENT, ILL, FALSE]"),
        ("not takes ABSENT for TRUE", "ABSENT: ABSENT, ILL: ILL}", "ABSENT: TRUE, ILL: ILL}"),
        ("an empty list is ILL", "if value else leaf(Where.MISSING)", "if value else leaf(Where.WRONG)"),
        (
            "null widens what is judged",
            "others = [item for item in literal if item is not None]",
            "others = [item for item in literal if item is not None] if None not in literal else [*literal, value]",
        ),
        ("integers are clear beyond 2^53", "abs(exact) <= 2**53", "abs(exact) <= 2**63"),
        ("a wrong kind does not exist", "return FALSE if literal else ILL", "return FALSE if literal else TRUE"),
    ),
    *_in(
        "tests.oracle.texts",
        (
            "a domain covers names that end like it",
            'found.endswith(f".{host(wanted[2:])}")',
            'found.endswith(f"{host(wanted[2:])}")',
        ),
        ("parts of a statement are not looked at", "    for node in statement.walk():\n        kinds |= _node_kinds(node)\n", ""),
        (
            "encoded letters are normal",
            'if not re.fullmatch(r"[0-9A-F]{2}", digits) or _UNRESERVED.fullmatch(chr(int(digits, 16))):',
            'if not re.fullmatch(r"[0-9A-F]{2}", digits):',
        ),
    ),
    *_in(
        "tests.oracle.counting",
        ("sliding counts 60 and not 61", "SLIDING_BEFORE: Final = 60", "SLIDING_BEFORE: Final = 59"),
        ("weeks begin on Sunday", "timedelta(days=moment.isoweekday() - 1)", "timedelta(days=moment.isoweekday() % 7)"),
        (
            "time runs backwards",
            "max([stretch(self.window, now_ns), *(where for where, _ in self.charged)])",
            "stretch(self.window, now_ns)",
        ),
        ("max cannot be reached", "+ added <= Fraction(charge.maximum)", "+ added < Fraction(charge.maximum)"),
    ),
]
