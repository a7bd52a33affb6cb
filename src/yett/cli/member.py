"""`yett member`: who administers this installation, and as what."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_fields, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.people.views import RoleName

ROLES = click.Choice(["admin", "policy_manager", "viewer"])
ORGANISATION = click.option("--organisation", metavar="NAME", help="The organisation; the oldest one by default.")
SERVERS = click.option("--server", "servers", multiple=True, help="A server that the role reaches; all by default.")


@click.group("member")
def command() -> None:
    """List, invite and remove members, and change their roles. MEMBER is a mail address, or an id."""


@command.command("list")
@ORGANISATION
@pass_context
def list_(context: CliContext, organisation: str | None) -> None:
    """List the members, and who is invited."""
    from yett.app.people_control import all_members, connect_people

    with connect_people(context.settings, organisation) as people:
        members, invited = all_members(people), people.invitations()
    if context.json:
        print_json({"members": [asdict(one) for one in members], "invitations": [asdict(one) for one in invited]})
        return
    rows: list[tuple[object, ...]] = [
        (one.email, one.name, one.role, _servers(one.servers), one.grants, f"since {one.joined_at}") for one in members
    ]
    rows += [(one.email, "", one.role, _servers(one.servers), "", f"invited until {one.expires_at}") for one in invited]
    empty = "no members yet; `yett link` gives the link of the first admin"
    print_table(context, ("ADDRESS", "NAME", "ROLE", "SERVERS", "GRANTS", "STATUS"), rows, empty=empty)


@command.command("invite")
@click.argument("email")
@click.option("--role", type=ROLES, required=True, help="What they may do.")
@SERVERS
@ORGANISATION
@pass_context
def invite(context: CliContext, email: str, role: RoleName, servers: tuple[str, ...], organisation: str | None) -> None:
    """Invite somebody, and print the link to hand over."""
    from yett.admin.people.views import NewInvitation
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        made = people.invite(NewInvitation(email=email, role=role, servers=list(servers) or None))
    if context.json:
        print_json(asdict(made))
        return
    invitation = made.invitation
    print_fields(
        context, [("address", invitation.email), ("role", invitation.role), ("until", invitation.expires_at), ("link", made.link)]
    )
    say("it is also on its way by mail" if made.mailed else "hand the link over; it works once, and is shown this once")


@command.command("role")
@click.argument("member")
@click.argument("role", type=ROLES)
@SERVERS
@ORGANISATION
@pass_context
def role(context: CliContext, member: str, role: RoleName, servers: tuple[str, ...], organisation: str | None) -> None:
    """Give a member another role. It counts at once."""
    from yett.admin.people.views import MemberRole
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        view = people.change_member(member, MemberRole(role=role, servers=list(servers) or None))
    if context.json:
        print_json(asdict(view))
        return
    say(f"{view.email} is {view.role} now, for {_servers(view.servers)} servers")


@command.command("remove")
@click.argument("member")
@click.option("--grants", metavar="keep|revoke|transfer:MEMBER", help="What becomes of the member's live grants.")
@ORGANISATION
@pass_context
def remove(context: CliContext, member: str, grants: str | None, organisation: str | None) -> None:
    """Take a member out. While they have live grants, say what becomes of those."""
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        removed = people.remove_member(member, grants)
    if context.json:
        print_json(asdict(removed))
        return
    say(f"{removed.member.email} is no member any more")
    rows = [(one.id, one.label, one.server, one.owner, one.status) for one in removed.grants]
    print_table(context, ("GRANT", "LABEL", "SERVER", "OWNER", "STATUS"), rows)
    tell_note(removed.note)


def _servers(servers: list[str] | None) -> str:
    return "all" if servers is None else ", ".join(servers) or "no"
