"""What names and descriptions are searched for, in lower case. Data; codes are those of `signals`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


TEXTS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "bulk": _any(
            r"\b(?:bulk|batch|mass|in one go|multiple \w+ at once)\b",
            r"\ball (?:users|files|records|items|messages|rows)\b",
            "批量|全部|所有|群发",
        ),
        "money": _any(
            r"\b(?:payments?|invoices?|refunds?|charges?|billing|payouts?|prices?|pricing|money|funds|wallets?|currency|currencies)\b",
            r"\b(?:crypto\w*|bank|balances?|subscriptions?|orders?|transactions?|transfers?|trad(?:e|es|ing)|usd|eth|btc)\b",
            "支付|付款|退款|订单|转账|金额|余额|发票|充值|钱包",
        ),
        "secrets": _any(
            r"\b(?:secrets?|passwords?|passwd|credentials?|mnemonic|seed phrase|certificates?|vault)\b",
            r"\b(?:api|access|private)[ _-]?keys?\b|\b(?:access|auth)[ _-]?tokens?\b|\bconnection[ _-]?strings?\b",
            "密码|密钥|凭证|令牌|私钥",
        ),
        "personal_data": _any(
            r"\b(?:customers?|users?|employees?|patients?|contacts?|emails?|phone numbers?|addresses|ssn|passports?)\b",
            r"\b(?:medical|health records?|profiles?|people|candidates?|leads?)\b",
            "用户|客户|员工|联系人|手机号|身份证|个人信息|患者",
        ),
        "messaging": _any(
            r"\b(?:send|post|reply|repl|forward|broadcast|notif|invit|publish|tweet)\w*\b[^.]{0,40}\b"
            r"(?:messages?|e-?mails?|sms|mms|dms?|notifications?|replies|comments?|tweets?|chat|channel|slack|telegram|whatsapp|push)\b",
            "发送[^。]{0,10}(?:消息|邮件|短信|通知|私信)|群发|推送",
        ),
        "irreversible": _any(
            r"irreversibl|can(?:'|no)t be undone|cannot be undone|\bpermanent(?:ly)?\b|unrecoverabl|no way back",
            "不可逆|无法恢复|不可恢复|永久",
        ),
        "assurance": _any(
            r"\b(?:this (?:tool|operation|action)|it) is (?:completely |totally |perfectly )?(?:safe|harmless)\b",
            r"\bnon[- ]destructive\b",
            r"\b(?:completely|perfectly|totally|always|100%) safe\b|\bsafe to (?:call|use|run)\b",
            r"\bno side[- ]effects?\b|\bread[- ]only\b",
            "只读|安全无害|没有副作用",
        ),
    }
)
