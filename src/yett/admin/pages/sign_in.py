"""The pages by which people sign in: password, link by mail, identity provider; and signing out."""

from __future__ import annotations

import logging
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from yett.admin.errors import AdminFault, Forbidden, Invalid, Unauthorised
from yett.admin.pages.forms import Posted, check_form
from yett.admin.pages.looks import HEADERS, page, see_other
from yett.admin.people.attempts import Key, address_block
from yett.admin.people.doors import Doors, address_of, doors_of
from yett.admin.people.entrance import SignedIn, TooSoon
from yett.admin.people.handles import is_handle, new_handle, same
from yett.admin.people.letters import sign_in_letter
from yett.admin.people.providers import Trip
from yett.admin.people.rules import local_path
from yett.admin.people.ways_in import LINK_OVER, MAGIC_S
from yett.errors import OperatorFault, UpstreamFault
from yett.stores.control.people_records import SignInFlow
from yett.stores.control.transaction import Whole

FLOW_NS: Final = 15 * 60 * 1_000_000_000
CALLBACK: Final = "/sign-in/callback"
_log: Final = logging.getLogger("yett.sign_in")
router: Final = APIRouter(include_in_schema=False)
Next = Annotated[str, Query(alias="next", max_length=2_000)]


def welcome(doors: Doors, signed: SignedIn, onward: str) -> Response:
    """Give the browser its session, and send it on to a path of ours."""
    response = see_other(local_path(onward))
    doors.cookies.give(response, "session", signed.cookie)
    doors.cookies.give(response, "device", signed.device)
    doors.cookies.take(response, "flow")
    return response


@router.get("/sign-in")
def show_sign_in(request: Request, onward: Next = "") -> Response:
    """The ways in."""
    return _sign_in(request, local_path(onward, ""))


@router.post("/sign-in")
def sign_in(request: Request, form: Posted) -> Response:
    """By password."""
    doors, onward = doors_of(request), local_path(form.get("next"), "")
    try:
        check_form(request, form)
        signed = doors.ways_in.with_password(form.get("email"), form.get("password"), doors.visitor(request))
    except AdminFault as error:
        response = _sign_in(request, onward, error, form.get("email"))
        if isinstance(error, Unauthorised):
            response.background = BackgroundTask(doors.ways_in.refused, form.get("email"), doors.visitor(request))
        return response
    return welcome(doors, signed, onward)


@router.post("/sign-in/mail")
def ask_for_mail(request: Request, form: Posted) -> Response:
    """A link by mail. The answer is the same, and as quick, whether the address is known or not."""
    doors, onward = doors_of(request), local_path(form.get("next"), "")
    try:
        check_form(request, form)
        if not doors.rules.magic_links or doors.post is None:
            raise Forbidden("this installation sends no links by mail")
        email = doors.ways_in.ask_for_mail(form.get("email"), doors.visitor(request))
    except AdminFault as error:
        return _sign_in(request, onward, error, form.get("email"))
    response = page(request, "mail_sent", email=email, minutes=MAGIC_S // 60)
    response.background = BackgroundTask(_send_link, doors, email, onward)
    return response


def _send_link(doors: Doors, email: str, onward: str) -> None:
    letter = doors.ways_in.letter(email)
    if letter is not None and doors.post is not None:
        link = f"{letter.link}?{urlencode({'next': onward})}" if onward else letter.link
        doors.post.send(letter.to, *sign_in_letter(link, MAGIC_S // 60))


@router.get("/mail/{token}")
def show_mail_link(request: Request, token: str, onward: Next = "") -> Response:
    """What a link by mail leads to: a button. Programs that look at mail follow links too."""
    email = doors_of(request).ways_in.mail_link(token)
    if email is None:
        return page(request, "over", status=404, error=LINK_OVER)
    return page(request, "mail_link", email=email, token=token, next=local_path(onward, ""))


@router.post("/mail/{token}")
def use_mail_link(request: Request, token: str, form: Posted) -> Response:
    """The button."""
    doors = doors_of(request)
    try:
        check_form(request, form)
        signed = doors.ways_in.with_mail(token, doors.visitor(request))
    except AdminFault as error:
        return page(request, "over", status=error.status, error=str(error))
    return welcome(doors, signed, form.get("next"))


@router.get("/sign-in/with/{provider}")
async def begin_with_provider(request: Request, provider: str, onward: Next = "") -> Response:
    """To an identity provider. A GET, since browsers hold the target of a form's answer to our own site."""
    doors, path = doors_of(request), local_path(onward, "")
    if request.headers.get("sec-fetch-site") == "cross-site":
        return see_other("/sign-in")  # nobody is made to sign in by another site's page
    key = [Key("flow", address_block(address_of(request) or ""))]
    browser, state = new_handle(), new_handle()
    try:
        if wait_s := doors.entrance.attempts.wait_s(key):
            raise TooSoon(wait_s)
        doors.entrance.attempts.note(key)
        address = await doors.providers.address(provider, _trip(doors, browser, state))
    except (AdminFault, UpstreamFault, OperatorFault) as error:
        return _failed(request, path, error)
    await run_in_threadpool(_remember, doors, provider, browser, state, path)
    response = RedirectResponse(address, 303, HEADERS)
    doors.cookies.give(response, "flow", browser)
    return response


@router.get(CALLBACK)
async def end_with_provider(
    request: Request,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=5_000)] = "",
    iss: Annotated[str | None, Query(max_length=2_000)] = None,
    error: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Back from an identity provider."""
    doors = doors_of(request)
    browser = doors.cookie(request, "flow")
    flow = await run_in_threadpool(_recall, doors, browser, state)
    try:
        if flow is None:
            raise Unauthorised("this sign-in was begun elsewhere, or too long ago; try again")
        if error:
            _log.warning("the provider `%s` refused a sign-in: %s", flow.provider, ascii(error))
            raise Unauthorised("the provider did not let you in")
        who = await doors.providers.vouched(flow.provider, code, iss, _trip(doors, browser, state))
        signed = await run_in_threadpool(doors.ways_in.with_provider, who, doors.visitor(request))
    except (AdminFault, UpstreamFault, OperatorFault) as fault:
        return _failed(request, "" if flow is None else flow.next, fault)
    return welcome(doors, signed, flow.next)


@router.post("/sign-out")
def sign_out(request: Request, form: Posted) -> Response:
    """Sign out here."""
    doors = doors_of(request)
    present = doors.present(request)
    response = see_other("/sign-in")
    if present is not None:
        if not same(form.get("csrf"), present.session.csrf):
            return see_other("/account")
        doors.entrance.leave(doors.cookie(request, "session"), address_of(request) or "")
    doors.cookies.take(response, "session")
    return response


def _sign_in(request: Request, onward: str, error: AdminFault | None = None, email: str = "") -> Response:
    rules = doors_of(request).rules
    providers = [
        (one.label, f"/sign-in/with/{one.name}{'?' + urlencode({'next': onward}) if onward else ''}")
        for one in rules.providers.values()
    ]
    response = page(
        request,
        "sign_in",
        status=200 if error is None else error.status,
        error=None if error is None else str(error),
        email=email[:254],
        next=onward,
        providers=providers,
        passwords=rules.passwords,
        closed=rules.newcomers == "refuse",
        magic=rules.magic_links and doors_of(request).post is not None,
    )
    if isinstance(error, TooSoon):
        response.headers["retry-after"] = str(error.wait_s)
    return response


def _failed(request: Request, onward: str, error: AdminFault | UpstreamFault | OperatorFault) -> Response:
    """The ways in again, with what went wrong; what is the operator's to mend stands in the log."""
    if isinstance(error, AdminFault):
        return _sign_in(request, onward, error)
    _log.error("a sign-in by a provider failed: %s", error)
    failed = Invalid("the provider cannot be asked now; the log of the control plane says why")
    response = _sign_in(request, onward, failed)
    response.status_code = 502
    return response


def _trip(doors: Doors, browser: str, state: str) -> Trip:
    """All secrets of a round trip follow from what the browser keeps and what travels: none of them is stored."""
    both = f"{browser} {state}"
    return Trip(
        redirect_uri=doors.entrance.page(CALLBACK),
        state=state,
        nonce=doors.entrance.digest("nonce", both),
        verifier=doors.entrance.digest("verifier", both),
    )


def _remember(doors: Doors, provider: str, browser: str, state: str, onward: str) -> None:
    entrance, now_ns = doors.entrance, doors.entrance.now_ns()
    flow = SignInFlow(
        digest=entrance.digest("flow", state),
        provider=provider,
        browser=entrance.digest("browser", browser),
        next=onward,
        created_at_ns=now_ns,
        expires_at_ns=now_ns + FLOW_NS,
    )

    def work(whole: Whole) -> None:
        whole.sign_ins.drop_old(now_ns)
        whole.sign_ins.add_flow(flow)

    entrance.desk.write(work)


def _recall(doors: Doors, browser: str, state: str) -> SignInFlow | None:
    """The round trip that this browser began and that comes back now, for the first time and in time."""
    entrance = doors.entrance
    if not is_handle(state) or not is_handle(browser):
        return None
    flow = entrance.desk.write(lambda whole: whole.sign_ins.take_flow(entrance.digest("flow", state)))
    if flow is None or not same(flow.browser, entrance.digest("browser", browser)):
        return None
    return flow if entrance.now_ns() < flow.expires_at_ns else None
