"""Everything by which people come in, put together once for the process."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from yett.admin.desk import Desk
from yett.admin.errors import Forbidden
from yett.admin.people.attempts import Attempts
from yett.admin.people.cookies import Cookies, Kind
from yett.admin.people.entrance import Entrance, Present, Visitor, counted_as
from yett.admin.people.links import LinkDoors
from yett.admin.people.mail import PROBLEM, Post
from yett.admin.people.passwords import Passwords
from yett.admin.people.providers import Providers
from yett.admin.people.rules import Rules
from yett.admin.people.selves import Selves
from yett.admin.people.ways_in import WaysIn
from yett.egress.fetch import Egress


@dataclass(frozen=True, slots=True)
class Doors:
    """For any number of threads; `providers` on the loop."""

    entrance: Entrance
    ways_in: WaysIn
    links: LinkDoors
    selves: Selves
    cookies: Cookies
    providers: Providers
    post: Post | None

    @property
    def rules(self) -> Rules:
        """How people may come in."""
        return self.entrance.rules

    def cookie(self, request: Request, kind: Kind) -> str:
        """What the browser shows; empty if nothing."""
        return request.cookies.get(self.cookies.name(kind), "")

    def visitor(self, request: Request) -> Visitor:
        """The browser that asks."""
        agent = request.headers.get("user-agent", "")
        shown = "".join(letter if letter.isprintable() else "?" for letter in agent)
        return Visitor(address=address_of(request) or "", agent=shown, device=self.cookie(request, "device"))

    def present(self, request: Request) -> Present | None:
        """Who is signed in with this browser."""
        cookie = self.cookie(request, "session")
        return self.entrance.desk.look(lambda whole: self.entrance.present(whole, cookie)) if cookie else None


def build_doors(desk: Desk, rules: Rules, egress: Egress, passwords: Passwords | None = None) -> Doors:
    """All of them."""
    clock, key = desk.environment.clock, desk.environment.token_key
    attempts = Attempts(clock, lambda one: counted_as(one, key), desk.look(lambda whole: whole.sign_ins.waits()))
    entrance = Entrance(desk, rules, passwords or Passwords(), attempts)

    def tell(problem: str | None) -> None:
        if desk.report(PROBLEM, problem):
            desk.spread()

    return Doors(
        entrance=entrance,
        ways_in=WaysIn(entrance),
        links=LinkDoors(entrance),
        selves=Selves(entrance),
        cookies=Cookies(rules.secure, int(rules.absolute_s)),
        providers=Providers(rules.providers, egress, clock),
        post=None if rules.mail is None else Post(rules.mail, tell),
    )


def doors_of(request: Request) -> Doors:
    """Those of the application."""
    doors = request.app.state.doors
    assert isinstance(doors, Doors)
    return doors


def address_of(request: Request) -> str | None:
    """Where a request comes from."""
    return request.client.host if request.client is not None else None


def check_same_site(request: Request, rules: Rules) -> None:
    """What changes anything must come from a page of ours, or from no page at all. Errors: `Forbidden`."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = {rules.origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}
    if site not in {None, "same-origin", "none"} or (origin is not None and origin not in own):
        raise Forbidden("the request comes from a page of another site")
