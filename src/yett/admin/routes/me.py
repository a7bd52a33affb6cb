"""Routes to oneself."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import Response

from yett.admin.authentication import authenticate, signed_in
from yett.admin.people.doors import doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.views import Ended, NewName, NewPassword, SelfView, SessionView, Workplace
from yett.admin.permissions import Permission
from yett.admin.routes.asked import router
from yett.admin.views import Problem

ROUTER: Final = router("me")
Me = Annotated[Present, Depends(signed_in)]


@ROUTER.get("/me")
def show_me(request: Request) -> SelfView:
    """Who asks, where they work, and what they may there."""
    principal = authenticate(request)
    present = getattr(request.state, "present", None)
    found = present if isinstance(present, Present) else None
    name = doors_of(request).entrance.desk.look(lambda whole: whole.organisation(principal.organisation).name)
    return SelfView(
        kind=principal.kind,
        name=found.user.name if found is not None else principal.name,
        email=None if found is None else found.user.email,
        organisation=name,
        organisation_id=principal.organisation,
        role=None if found is None or found.membership is None else found.membership.member.role,
        permissions=[one.value for one in Permission if principal.may(one)],
        servers=None if principal.servers is None else sorted(principal.servers),
        has_password=found is not None and found.user.password is not None,
        csrf=None if found is None else found.session.csrf,
    )


@ROUTER.put("/me/name", status_code=204)
def rename_me(request: Request, me: Me, new: NewName) -> None:
    """Be called otherwise."""
    doors_of(request).selves.rename(me, new.name)


@ROUTER.put("/me/password", status_code=204, responses={429: {"model": Problem}})
def change_password(request: Request, response: Response, me: Me, new: NewPassword) -> None:
    """Another password. All sessions end; this browser gets a new one."""
    doors = doors_of(request)
    signed = doors.selves.change_password(me, new.current, new.password, doors.visitor(request))
    doors.cookies.give(response, "session", signed.cookie)


@ROUTER.put("/me/organisation", status_code=204)
def work_in(request: Request, me: Me, workplace: Workplace) -> None:
    """Work in another organisation from now on."""
    doors_of(request).selves.work_in(me, workplace.organisation)


@ROUTER.get("/me/sessions")
def list_sessions(request: Request, me: Me) -> list[SessionView]:
    """Where one is signed in, the latest used first."""
    return doors_of(request).selves.sessions(me)


@ROUTER.delete("/me/sessions/{session}", status_code=204)
def end_session(request: Request, me: Me, session: str) -> None:
    """Sign out somewhere."""
    doors_of(request).selves.end_session(me, session)


@ROUTER.delete("/me/sessions")
def sign_out_everywhere(request: Request, response: Response, me: Me) -> Ended:
    """End all sessions, this one too."""
    doors = doors_of(request)
    ended = doors.selves.sign_out_everywhere(me)
    doors.cookies.take(response, "session")
    return Ended(sessions=ended)
