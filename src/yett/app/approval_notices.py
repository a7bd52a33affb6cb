"""Puts together how people hear of calls that wait for them, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from yett.admin.approval_notices.apprise import AppriseChannel, notifier_of
from yett.admin.approval_notices.channel import Channel
from yett.admin.approval_notices.concerned import addresses
from yett.admin.approval_notices.mail import MailChannel
from yett.admin.approval_notices.rounds import NoticeRounds
from yett.admin.approval_notices.slack import SlackChannel
from yett.admin.approval_notices.slack_api import SlackApi
from yett.admin.approval_notices.slack_decisions import SlackDecisions
from yett.admin.approval_notices.webhook import WebhookChannel
from yett.admin.desk import Desk
from yett.admin.people.mail import PROBLEM, Post
from yett.app.approvals import StateApprovals
from yett.app.desk import people_url
from yett.app.people import mail_server
from yett.app.upstreams import egress_rules
from yett.approvals.notices import Manner
from yett.egress.fetch import Egress
from yett.errors import OperatorFault
from yett.settings import Settings
from yett.settings_approvals import SlackSettings
from yett.stores.state_file import STATE_FILE
from yett.upstreams.credentials import Credentials


def notice_rounds(settings: Settings, desk: Desk, port: int) -> NoticeRounds | None:
    """The rounds of a control plane that listens at `port`; None where nobody is to be told. Errors: `OperatorFault`."""
    channels = _channels(settings, desk, port)
    if not channels:
        return None
    own = settings.approvals
    manner = Manner(remind_share=own.remind_share, digest_over=own.digest_over)
    book = StateApprovals(settings.state_dir / STATE_FILE)
    return NoticeRounds(book, channels, manner, desk.environment.clock.now_ns)


def slack_decisions(settings: Settings, desk: Desk) -> SlackDecisions | None:
    """Who takes what members do in Slack; None where there is none."""
    slack = settings.approvals.slack
    if slack is None:
        return None
    return SlackDecisions(desk, _api(settings, slack), _reading(slack.signing_secret), slack.members)


def _channels(settings: Settings, desk: Desk, port: int) -> list[Channel]:
    own, now_ns, egress = settings.approvals, desk.environment.clock.now_ns, Egress(egress_rules(settings))
    link = partial(_link, people_url(settings, port))
    found: list[Channel] = []
    if own.webhook is not None:
        hook = own.webhook
        found.append(WebhookChannel(egress, hook.url, _reading(hook.secret), link, now_ns, hook.arguments))
    if own.mail is not None:
        server = mail_server(settings)
        if server is None:
            raise OperatorFault("`approvals.mail` needs a mail server; set `smtp.host` and `smtp.sender`")
        post = Post(server, lambda problem: desk.report(PROBLEM, problem))
        found.append(MailChannel(post.send, own.mail.to, partial(addresses, desk), link))
    if own.slack is not None:
        found.append(SlackChannel(_api(settings, own.slack), own.slack.channel, link))
    for place, reference in enumerate(own.apprise):
        _notifier(reference)  # a missing extra and a wrong reference are said at the start
        found.append(AppriseChannel(partial(_notifier, reference), f"apprise-{place}", link))
    return found


def _notifier(reference: str) -> Any:
    return notifier_of(_reading(reference)())


def _link(base: str, id: str) -> str:
    return f"{base}/approvals/{id}" if id else f"{base}/approvals"


def _api(settings: Settings, slack: SlackSettings) -> SlackApi:
    return SlackApi(Egress(egress_rules(settings)), slack.api_url.rstrip("/"), _reading(slack.token))


def _reading(reference: str) -> Callable[[], str]:
    """Reads what a reference leads to, each time. Errors: `OperatorFault`."""
    return lambda: Credentials().resolve(reference).reveal()
