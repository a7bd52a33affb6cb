"""The pages where people decide on calls: what waits, one call in full, and yes or no. A link shows, and never decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from yett.admin.approvals_views import ApprovalLine, ApprovalView, CallApproval, CallDenial, CallWithdrawal
from yett.admin.errors import AdminFault, NotFound
from yett.admin.pages.approvals_markup import arguments_of, moment_of, span_of
from yett.admin.pages.forms import STALE, Form, Posted
from yett.admin.pages.looks import page, see_other
from yett.admin.people.doors import address_of, doors_of
from yett.admin.people.entrance import Present
from yett.admin.people.handles import same
from yett.admin.people.principals import member_principal
from yett.admin.service import Service

router: Final = APIRouter(include_in_schema=False, prefix="/approvals")
HERE: Final = "/approvals"
WAITING_MAX: Final = 100
"""Requests that the inbox shows first."""
RECENT_MAX: Final = 30
AFTER_MAX: Final = 128
FREE: Final = "free:"
"""How the fields begin that free an argument."""
NAMES_MAX: Final = 100
"""Arguments that the page offers to free; the API takes any."""
NAME_MAX: Final = 128
FORGED: Final = "the form was of another page, or of another session"
SPANS: Final = (("15m", "15 minutes"), ("1h", "1 hour"), ("8h", "8 hours"), ("1d", "1 day"), ("7d", "7 days"))


@router.get("")
def inbox(request: Request, after: str = "") -> Response:
    """What waits, and what was decided lately; or, page by page, all."""
    present = _present(request)
    if present is None:
        return _sign_in(HERE)
    service = _service(request, present)
    try:
        if after:
            older = service.approval_page(None, after[:AFTER_MAX], WAITING_MAX)
            return _inbox(request, [], older.items, older.next, older=True)
        waiting = service.approval_page("pending", "", WAITING_MAX)
        recent = service.approval_page(None, "", RECENT_MAX)
    except AdminFault as error:
        return _refused(request, error)
    lately = [one for one in recent.items if one.state != "pending"]
    return _inbox(request, waiting.items, lately, recent.next, more=waiting.next is not None)


@router.get("/{approval}")
def show(request: Request, approval: str) -> Response:
    """One call, with everything that people should know before they decide."""
    present = _present(request)
    if present is None:
        return _sign_in(_at(approval))
    try:
        view = _service(request, present).approval(approval)
    except AdminFault as error:
        return _refused(request, error)
    return _call(request, present, view)


@router.post("/{approval}/approve")
def approve(request: Request, approval: str, form: Posted) -> Response:
    """Say yes."""
    free = [name.removeprefix(FREE) for name in form.fields if name.startswith(FREE)]
    said = CallApproval(reason=form.get("reason"), exempt_for=form.get("exempt_for") or None, free=free)
    return _act(request, approval, form, lambda service: service.approve_call(approval, said, via="page"))


@router.post("/{approval}/deny")
def deny(request: Request, approval: str, form: Posted) -> Response:
    """Say no."""
    said = CallDenial(reason=form.get("reason"))
    return _act(request, approval, form, lambda service: service.deny_call(approval, said, via="page"))


@router.post("/{approval}/withdraw")
def withdraw(request: Request, approval: str, form: Posted) -> Response:
    """End it."""
    said = CallWithdrawal(reason=form.get("reason"))
    return _act(request, approval, form, lambda service: service.withdraw_call(approval, said))


@router.post("/{approval}/ask-again")
def ask_again(request: Request, approval: str, form: Posted) -> Response:
    """End an exemption that came of it."""
    return _act(request, approval, form, lambda service: service.end_exemption(form.get("exemption")))


def _act(request: Request, approval: str, form: Form, work: Callable[[Service], object]) -> Response:
    """Do it for who is signed in, if the page that they were shown asks for it; then show what happens next."""
    present = _present(request)
    if present is None:
        return _sign_in(_at(approval))
    service = _service(request, present)
    try:
        if not same(form.get("csrf"), present.session.csrf):
            view = service.approval(approval)  # whoever may not see it is told, and recorded, as ever
            service.note_refused_approval(request.url.path.rpartition("/")[2], approval, FORGED)
            return _call(request, present, view, error=STALE, status=403)
        work(service)
    except NotFound as error:
        return _refused(request, error)
    except AdminFault as error:
        return _call(request, present, service.approval(approval), error=str(error), status=error.status, said=form)
    return see_other(_at(approval))


def _present(request: Request) -> Present | None:
    """Who is signed in and belongs somewhere."""
    present = doors_of(request).present(request)
    return present if present is not None and present.membership is not None else None


def _service(request: Request, present: Present) -> Service:
    assert present.membership is not None, "asked before"
    return Service(request.app.state.desk, member_principal(present.user, present.membership, address_of(request)))


def _inbox(
    request: Request,
    waiting: list[ApprovalLine],
    recent: list[ApprovalLine],
    further: str | None,
    *,
    more: bool = False,
    older: bool = False,
) -> Response:
    yours = [one for one in waiting if one.decidable]
    return page(
        request,
        "approvals",
        yours=yours,
        others=[one for one in waiting if not one.decidable],
        recent=recent,
        further=None if further is None else f"{HERE}?{urlencode({'after': further})}",
        more=more,
        older=older,
        at=_at,
        moment=moment_of,
    )


def _call(
    request: Request,
    present: Present,
    view: ApprovalView,
    *,
    error: str | None = None,
    status: int = 200,
    said: Form | None = None,
) -> Response:
    offered = [name for name in view.names if len(name) <= NAME_MAX][:NAMES_MAX]
    return page(
        request,
        "approval",
        status=status,
        csrf=present.session.csrf,
        error=error,
        view=view,
        arguments=arguments_of(view.arguments),
        said={} if said is None else said.fields,
        offered=offered,
        withheld=len(view.names) - len(offered),
        spans=SPANS,
        free=FREE,
        at=_at(view.id),
        moment=moment_of,
        span=span_of,
    )


def _refused(request: Request, error: AdminFault) -> Response:
    return page(request, "no_approval", status=error.status, error=str(error))


def _at(approval: str) -> str:
    return f"{HERE}/{quote(approval, safe='')}"


def _sign_in(onward: str) -> Response:
    return see_other(f"/sign-in?{urlencode({'next': onward})}")
