"""What tools act upon: the nouns that change what a verb means, in the singular. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yett.catalog.model import RiskClass


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONEY: Final = _set(
    """
    payment refund payout charge invoice donation purchase withdrawal deposit loan bid bet wager trade swap checkout remittance
    payroll salary reimbursement disbursement money fund cash tip wire fee dividend rent premium deal_payment debt credit_transfer
    billing bill stake reward_payout settlement prepayment downpayment installment topup giftcard gift voucher_purchase tuition
    paycheck wage bounty ransom royalty pledge contribution_payment position option_order
    """
)
"""What is paid, or is a payment."""
COINS: Final = _set(
    """
    eth ether bitcoin btc sol sui usdc usdt dai token coin crypto cryptocurrency nft erc20 erc721 native lamport satoshi sat gas
    wei dogecoin doge bnb avax matic xrp ada dollar euro usd eur asset balance share stock equity bond future
    stablecoin sats currency xlm ton trx near apt
    """
)
"""What is moved as money is."""
TRADED: Final = _set("order trade swap position stock share option future")
MEDIA: Final = _set(
    """
    image picture photo video music song audio speech voice sound animation avatar artwork illustration thumbnail 3d mesh
    podcast voiceover gif clip sticker wallpaper portrait poster cover logo film movie soundtrack jingle narration model3d texture
    painting drawing comic meme selfie headshot lipsync effect melody beat visual
    """
)
"""What an image, sound or film model makes."""
TEXTS: Final = _set(
    """
    report summary code query sql statement plan outline qr qrcode uuid guid id hash url link deeplink embedding random number
    integer int float boolean sequence
    text answer response idea suggestion recommendation analysis chart graph plot diagram schema type
    typescript types test docs
    documentation description title caption subtitle prompt question quiz explanation password passphrase name slug regex color
    palette html markdown css mapping insight statistic forecast estimate quote itinerary recipe story poem lorem data sample
    barcode mock boilerplate snippet checksum signature_preview timeline table heatmap histogram wordcloud preview listing
    bibliography citation keyword hashtag tag_suggestion changelog agenda flashcard timestamp map tree word cloud matrix
    """
)
"""What can be made by computing alone, and is given back."""
READINGS: Final = _set(
    """
    status info information detail details history stat statistic stats count list schema doc documentation version health metric
    log balance price quote estimate preview summary forecast weather eligibility report rate time date metadata overview usage
    cost pricing fee score rank ranking trend catalog catalogue calculator calculation availability position_list result
    comparison analysis insight lookup profile example guide reference search finder reader viewer tracker checker validator
    analyzer inspector explorer tree directory_tree index_list structure definition property limit quota permission_list config
    configuration help faq news headline today current latest tutorial feed_list timeline progress state summarizer translator
    detector classifier counter timezone schedule_list context docs spec event_list dictionary map glossary recommendation
    suggestion instruction capability formula statement transcript eta simulation projection scan_result policy_list reminder_list
    audit_log activity leaderboard standings fixture odds horoscope similarity diagnostic diagnostics
    """
)
"""Names that end so only show something, if no plain verb says otherwise."""
RAW_QUERY: Final = _set(
    """
    sql cypher sparql gremlin mongo mongodb postgres postgresql mysql bigquery snowflake clickhouse duckdb sqlite redshift
    athena oracle mssql mariadb databricks plsql tsql hql hiveql presto trino statement cql neo4j warehouse stmt
    """
)
"""Queries in these languages can change what they ask about."""
CODE: Final = _set(
    """
    code script javascript js python command shell bash powershell program snippet cell notebook macro expression lambda
    function binary process sandbox repl lua ruby cmd applescript kernel wasm
    """
)
CALLED: Final = _set("""
    api endpoint tool function service method contract rpc http rest graphql request webhook agent lambda url mcp skill
""")
PAGE: Final = _set("""
    page tab browser window url website site app application link program dialog popup menu frame iframe
""")
DISCUSSED: Final = _set("""
    issue pr pullrequest mergerequest ticket case task deal conversation thread incident discussion branch request
    opportunity item
""")
DATA_TEXT: Final = _set("""
    text string html whitespace markdown character word sentence punctuation stopword emoji tag_html diacritic json csv
    dataframe
""")
SHOWN: Final = _set("""
    cache cdn dns filter selection highlight format formatting search form field screen console input view formatter style
    terminal
""")
NOTIFYING: Final = _set("""
    notification webhook event topic pubsub pub sub push alert graphql newsletter channel feed resource message queue eventgrid
    thread sns mail list
""")
"""Subscriptions to these cost nothing."""
JOURNEY: Final = _set("""
    hotel flight ticket trip room car taxi ride tour train cruise accommodation travel stay airbnb seat cab limo villa
    package bus ferry
""")
"""What is booked with payment."""

DEEDS: Final[Mapping[RiskClass, frozenset[str]]] = {
    RiskClass.FINANCIAL: _set(
        "payment withdrawal disbursement remittance donation redemption settlement reimbursement payout repayment liquidation"
    ),
    RiskClass.DESTRUCTIVE: _set(
        "deletion removal erasure cancellation termination revocation destruction purging deregistration"
    ),
    RiskClass.EXECUTE: _set("execution deployment invocation installation migration restoration automation runner executor"),
    RiskClass.WRITE: _set(
        "creation registration modification publication submission writer editor uploader sender creator updater"
    ),
}
"""Nouns that name a deed: `file_deletion`, `account_removal`."""

COMMON: Final = (
    MONEY
    | COINS
    | MEDIA
    | TEXTS
    | READINGS
    | RAW_QUERY
    | CODE
    | CALLED
    | PAGE
    | DISCUSSED
    | DATA_TEXT
    | JOURNEY
    | _set(
        """
        user file item all many one record mail message comment note folder directory row column document object node edge
        customer product project account group member role key secret email event calendar contact label board card channel repo
        repository bucket container cluster instance server volume network index collection entry entity relation template
        workspace team organization org review release build job pipeline workflow run rule policy alert dashboard panel
        by multiple batch bulk me my profile setting environment variable session device memory draft attachment domain
        """
    )
)
"""Words that a compound like `deletemany` may end with."""
