"""Words that decide whether an object is money. Data."""

from __future__ import annotations

from typing import Final

PAIRS: Final = """
balance-transfer bank-card bank-transfer bitcoin-transaction blockchain-transaction bracket-order buy-order checkout-cart
checkout-link checkout-session credit-card credit-transfer crypto-transaction debit-card erc20-token eth-transaction
fund-transfer gift-card in-app invoice-item invoice-line invoice-payment limit-order market-order money-transfer native-token
oco-order onchain-transaction payment-card payment-intent payment-link payment-method payment-order payment-plan
payment-request payment-session payment-source payment-token payment-transaction purchase-order sell-order solana-transaction
spl-token stop-order token-transaction token-transfer trade-order transaction-payment virtual-card wire-transfer
"""
"""Two nouns that mean money only together."""

PASSIVE: Final = """
address alert attribute book_entry call caption category column comment description email event field history idea keyword
label line_note meeting message metadata note notification outline playlist policy preference prompt reminder report rule
schema script setting sheet shipment status subtitle summary tag template title tracking transcript type view webhook
"""
"""Objects about money that move none: a reminder of an invoice."""
