"""What the other tools of a server say about one of them: the words that all names share, and the trade the server is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yett.catalog.listed import listed
from yett.catalog.model import ToolDefinition
from yett.catalog.verbs import FORMS
from yett.catalog.words import common_prefix, name_words


class Trade(StrEnum):
    """Trades in which common verbs mean something of their own."""

    BROWSER = "browser"
    MONEY = "money"


_BROWSER_NAMES: Final = listed("browser playwright puppeteer selenium chromium chrome webdriver stagehand")
_BROWSER_TOOLS: Final = listed("click hover navigate type fill press drag scroll goto evaluate snapshot tap")
_MONEY_NAMES: Final = listed("""
    wallet bank banking payment payments pay stripe paypal square razorpay adyen braintree alipay wechatpay solana ethereum
    evm bitcoin bitcoinlightning lightning coinbase binance kraken okx bybit uniswap jupiter broker brokerage trading trader
    alpaca ibkr robinhood zerodha kite metatrader defi dex crypto web3 hyperliquid polymarket kalshi venmo wise plaid mpesa
    upi ledger
    """)
_MONEY_TOOLS: Final = listed("swap wallet payout withdraw deposit stake erc20 lamports")
_SHARED_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A server's tools at a glance."""

    server_words: frozenset[str] = frozenset()
    prefix: tuple[str, ...] = ()
    """Words that all names begin with."""
    trades: frozenset[Trade] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tools: Iterable[ToolDefinition]) -> Neighbours:
        """The neighbours of each of `tools`, which are those of one server."""
        listed = list(tools)
        names = [name_words(tool.name) for tool in listed]
        server = frozenset(name_words(listed[0].server or "")) if listed else frozenset[str]()
        words = [word for name in names for word in name]
        trades = set()
        if server & _BROWSER_NAMES or _shared(words, _BROWSER_TOOLS) >= _SHARED_MIN:
            trades.add(Trade.BROWSER)
        if server & _MONEY_NAMES or _shared(words, _MONEY_TOOLS) >= _SHARED_MIN:
            trades.add(Trade.MONEY)
        return cls(
            server, _without_verbs(common_prefix(names), server), frozenset(trades), frozenset(tool.name for tool in listed)
        )

    def trades_of(self, name: str) -> frozenset[Trade]:
        """The server's trades, and those that the tool's own name tells."""
        words = frozenset(name_words(name))
        own = {Trade.BROWSER} if words & _BROWSER_NAMES else set[Trade]()
        return self.trades | own | ({Trade.MONEY} if words & {"wallet", "solana", "eth", "crypto"} else set())


def _without_verbs(prefix: tuple[str, ...], server: frozenset[str]) -> tuple[str, ...]:
    """The prefix up to its first verb: where every tool gets something, `get` is no name of the server."""
    for index, word in enumerate(prefix):
        if word in FORMS and word not in server:
            return prefix[:index]
    return prefix


def _shared(words: Iterable[str], telling: frozenset[str]) -> int:
    return len(telling.intersection(words))
