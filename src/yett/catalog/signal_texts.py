"""What names and descriptions are searched for, in lower case; codes are those of `signals`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import re2

TEXTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bulk": (
            r"\b(?:bulk|batch|mass|in one go|multiple \w+ at once)\b",
            r"\ball (?:users|files|records|items|messages|rows)\b",
            "批量|全部|所有|群发",
        ),
        "money": (
            r"\b(?:payments?|invoices?|refunds?|charges?|billing|payouts?|prices?|pricing|money|funds|wallets?|currency|currencies)\b",
            r"\b(?:crypto\w*|bank|balances?|subscriptions?|orders?|transactions?|transfers?|trad(?:e|es|ing)|usd|eth|btc)\b",
            "支付|付款|退款|订单|转账|金额|余额|发票|充值|钱包",
        ),
        "secrets": (
            r"\b(?:secrets?|passwords?|passwd|credentials?|mnemonic|seed phrase|certificates?|vault)\b",
            r"\b(?:api|access|private)[ _-]?keys?\b|\b(?:access|auth)[ _-]?tokens?\b|\bconnection[ _-]?strings?\b",
            "密码|密钥|凭证|令牌|私钥",
        ),
        "personal_data": (
            r"\b(?:customers?|users?|employees?|patients?|contacts?|emails?|phone numbers?|addresses|ssn|passports?)\b",
            r"\b(?:medical|health records?|profiles?|people|candidates?|leads?)\b",
            "用户|客户|员工|联系人|手机号|身份证|个人信息|患者",
        ),
        "messaging": (
            r"\b(?:send|post|reply|repl|forward|broadcast|notif|invit|publish|tweet)\w*\b[^.]{0,40}\b"
            r"(?:messages?|e-?mails?|sms|mms|dms?|notifications?|replies|comments?|tweets?|chat|channel|slack|telegram|whatsapp|push)\b",
            "发送[^。]{0,10}(?:消息|邮件|短信|通知|私信)|群发|推送",
        ),
        "irreversible": (
            r"irreversibl|can(?:'|no)t be undone|cannot be undone|\bpermanent(?:ly)?\b|unrecoverabl|no way back",
            "不可逆|无法恢复|不可恢复|永久",
        ),
        "assurance": (
            r"\b(?:this (?:tool|operation|action)|it) is (?:completely |totally |perfectly )?(?:safe|harmless)\b",
            r"\bnon[- ]destructive\b",
            r"\b(?:completely|perfectly|totally|always|100%) safe\b|\bsafe to (?:call|use|run)\b",
            r"\bno side[- ]effects?\b|\bread[- ]only\b",
            "只读|安全无害|没有副作用",
        ),
    }
)
"""Of each code what is written in ASCII, and last what is in Chinese."""
CODES: Final = tuple(TEXTS)


@dataclass(frozen=True, slots=True)
class Searched:
    """A text to be searched for several codes."""

    lower: str
    plain: str
    """The same, character for character, with a digit for each letter that is not ASCII and a control for all else that is not:
    they end and begin words as those do, for a matcher that knows ASCII only and takes a tenth of the time."""

    written: frozenset[int]
    """Numbers of the codes that words in ASCII mean."""

    def find(self, code: str) -> tuple[int, int] | None:
        """Where the first words stand that mean it; None where there are none."""
        found = _written(code).search(self.plain) if CODES.index(code) in self.written else None
        other = None if self.plain is self.lower else _chinese(code).search(self.lower)
        if found is None and other is None:
            return None
        first = min((one for one in (found, other) if one is not None), key=lambda one: one.start())
        return first.start(), first.end()


def searched(text: str) -> Searched:
    """The text made ready."""
    lower = text.lower()
    plain = lower if lower.isascii() else _OTHERS.sub(_stand_ins, lower)
    return Searched(lower, plain, frozenset(_together().Match(plain) or ()))


_OTHERS: Final = re.compile(r"[^\x00-\x7f]+")


def _stand_ins(found: re.Match[str]) -> str:
    return "".join("7" if char.isalnum() else "\x01" for char in found[0])


@cache
def _together() -> Any:
    every = re2.Set.SearchSet()
    for words in TEXTS.values():
        every.Add("|".join(words[:-1]))
    every.Compile()
    return every


@cache
def _written(code: str) -> Any:
    return re2.compile("|".join(TEXTS[code][:-1]))


@cache
def _chinese(code: str) -> re.Pattern[str]:
    return re.compile(TEXTS[code][-1])
