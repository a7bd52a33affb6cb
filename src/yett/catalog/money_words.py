"""What verbs mean with money for their object, as in `sense_rows`, whose rows come after these. Data."""

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

ROWS: Final = """
Financial: books what is paid for
  verbs book reserve
  nouns @JOURNEY
Write: books an appointment or a place
  verbs book reserve
Write: sets an allowance
  verbs approve increase revoke set
  nouns allowance spender
Financial: releases money
  verbs approve authorize release
  nouns expense reimbursement transaction
Financial: commits to regular payments
  verbs activate change create downgrade modify reactivate renew resume start update upgrade
  nouns membership subscription
Financial: changes what is paid
  verbs change downgrade switch upgrade
  nouns plan tier
Financial: is billed
  verbs purchase register renew
  nouns domain license membership policy
Write: prolongs something
  verbs renew
Financial: collects assets
  verbs claim
  nouns airdrop bonus dividend fee refund reward token yield
Write: takes something over
  verbs claim
Financial: trades
  verbs close exit flatten increase liquidate open reduce
  nouns position trade
Financial: attaches a means of payment
  verbs add attach create link register save set store
  nouns payment_method
Write: changes a means of payment
  verbs change edit modify update
  nouns payment_method
Financial: handles a means of payment
  verbs @PAYING
  nouns payment_method
Financial: places an order
  verbs complete confirm create execute make modify new place replace send submit
  nouns order preorder reorder
Financial: moves or commits money
  verbs @PAYING add
  nouns @MONEY
Financial*: moves assets
  verbs airdrop bridge exchange move send swap transfer unwrap wrap
  nouns @MONEY @COINS
Financial: sends a transaction that moves assets
  verbs broadcast execute send sign submit
  nouns transaction tx txn userop
Write: exchanges
  verbs exchange swap
  nouns code face item key message rate token_code
Write: hands over
  verbs transfer
  nouns agent call case chat control conversation data document file image issue lead learning number object owner
   ownership project record repository role room session style task ticket user
Read: is a noun here
  verbs bill charge fund invoice refund settle tip trade
  nouns code type
Write: settles
  verbs settle
  nouns argument dispute_case
Write: offers something
  verbs offer
Write: connects
  verbs bridge escrow hedge
  nouns call interface mode network
"""
