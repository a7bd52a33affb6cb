"""Routes to people, members and oneself: which there are, and that each is described."""

from __future__ import annotations

from yett.admin.routes import me, members


def test_every_route_says_what_it_does_and_what_it_answers() -> None:
    routes = [*me.ROUTER.routes, *members.ROUTER.routes]
    assert len(routes) >= 20
    for route in routes:
        assert route.description  # type: ignore[attr-defined]  # every one is an APIRoute
        assert route.status_code == 204 or route.response_model is not None  # type: ignore[attr-defined]  # as above
