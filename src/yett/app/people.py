"""Puts together how people come in, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from yett.admin.desk import Desk
from yett.admin.errors import Conflict
from yett.admin.people.doors import Doors, build_doors
from yett.admin.people.links import LinkCases
from yett.admin.people.rules import MailServer, Provider, Rules
from yett.admin.permissions import operator
from yett.app.desk import people_url
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.settings import Settings
from yett.upstreams.credentials import Credentials

HOUR_S: Final = 3600.0


def rules_of(settings: Settings, port: int, credentials: Credentials) -> Rules:
    """How people may come in."""
    sign_in = settings.sign_in
    return Rules(
        base_url=people_url(settings, port),
        passwords=sign_in.passwords,
        magic_links=sign_in.mail,
        newcomers=sign_in.newcomers,
        idle_s=sign_in.idle_hours * HOUR_S,
        absolute_s=sign_in.session_hours * HOUR_S,
        providers={
            name: Provider(
                name=name,
                label=one.label or name,
                issuer=one.issuer,
                client_id=one.client_id,
                client_secret=_reader(credentials, one.client_secret),
                scopes=one.scopes,
                trust_email=one.trust_email,
                domains=tuple(domain.lower().lstrip("@") for domain in one.domains),
            )
            for name, one in sign_in.providers.items()
        },
        mail=mail_server(settings, credentials),
    )


def doors_of(settings: Settings, desk: Desk, port: int) -> Doors:
    """The ways in, of a control plane that listens at `port`."""
    egress = Egress(EgressRules.parse(settings.egress.allow))
    return build_doors(desk, rules_of(settings, port, Credentials()), egress)


def first_link(desk: Desk) -> str | None:
    """The link of the first admin; None where there is an admin."""
    try:
        return LinkCases(desk, operator("settings", desk.first_organisation())).first_link().link
    except Conflict:
        return None


def mail_server(settings: Settings, credentials: Credentials | None = None) -> MailServer | None:
    """Where mail is handed over; None where none is."""
    smtp = settings.smtp
    if smtp.host is None or smtp.sender is None:
        return None
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        sender=smtp.sender,
        security=smtp.security,
        user=smtp.user,
        password=_reader(credentials or Credentials(), smtp.password),
    )


def _reader(credentials: Credentials, reference: str | None) -> Callable[[], str] | None:
    """Reads what a reference leads to each time; None for none."""
    return None if reference is None else lambda: credentials.resolve(reference).reveal()
