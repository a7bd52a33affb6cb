"""The section of the configuration about approvals: how calls wait for people, and how people hear of them."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from yett.errors import OperatorFault
from yett.settings_people import REFERENCE, Text

HOLD_MAX_S: Final = 600.0


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[approvals.webhook]`: a program elsewhere that is told, by signed requests as Standard Webhooks has them."""

    url: Text
    secret: Text
    """`env:NAME` or `file:/PATH` of the secret (`whsec_` and base64), of which both sides know."""
    arguments: bool = False
    """Whether the arguments of the call go along; secrets among them are masked anyhow."""


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[approvals.mail]`: who is told by mail, over `[smtp]`. Letters name the call and hold a link, never its arguments."""

    to: tuple[Text, ...] = ("approvers",)
    """Addresses; `approvers` stands for the members who may decide on the call."""


class SlackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[approvals.slack]`: a channel in which members are told, and decide."""

    channel: Text
    token: Text
    """`env:NAME` or `file:/PATH` of the bot's token (scopes `chat:write` and `users:read.email`)."""
    signing_secret: Text
    """`env:NAME` or `file:/PATH` of the app's signing secret."""
    api_url: Text = "https://slack.com/api"
    members: dict[Text, Text] = {}
    """Slack user ids, each with the address of the member; of others, Slack is asked for the address."""


class ApprovalsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[approvals]`: calls that people must approve."""

    pending_per_grant: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """Requests of one grant that may wait; one more call is denied `approvals_full`."""
    hold_s: Annotated[float, msgspec.Meta(ge=0, le=HOLD_MAX_S)] = 0.0
    """How long a call of a client that takes progress reports is held until people have decided; 0 answers at once."""
    mask: tuple[Text, ...] = ()
    """Arguments that nobody may see, as steps with `*` for any: `headers.*`, `cards.*.number`; `\\.` is a dot of a name. Names
    such as `password` and `api_key` need not be told."""
    remind_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    """After which part of its time people are reminded of a call; 1 never."""
    digest_over: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    """More new requests than this within five minutes are told of together."""
    webhook: WebhookSettings | None = None
    mail: MailSettings | None = None
    slack: SlackSettings | None = None
    apprise: tuple[Text, ...] = ()
    """`env:NAME` or `file:/PATH` of Apprise URLs: chats, phones and a hundred more; needs the extra `yett[apprise]`."""


def check_approvals(approvals: ApprovalsSettings, *, mails: bool) -> None:
    """`mails`: whether `[smtp]` is set up. Errors: `OperatorFault` for what contradicts itself, or holds a secret itself."""
    if approvals.mail is not None and not mails:
        raise OperatorFault("`approvals.mail` needs a mail server; set `smtp.host` and `smtp.sender`")
    references = {f"approvals.apprise[{place}]": text for place, text in enumerate(approvals.apprise)}
    if approvals.webhook is not None:
        references["approvals.webhook.secret"] = approvals.webhook.secret
    if approvals.slack is not None:
        references["approvals.slack.token"] = approvals.slack.token
        references["approvals.slack.signing_secret"] = approvals.slack.signing_secret
    for place, text in references.items():
        if REFERENCE.fullmatch(text) is None:
            raise OperatorFault(f"`{place}` is no reference: write `env:NAME` or `file:/absolute/path`, never the secret itself")
