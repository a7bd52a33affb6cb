"""Every route of the admin API in one table: what is asked of a town (`tests.admin.town`), who may, and how they are answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.admin.town import DENY, PASSWORD
from yett.admin.api import REGISTRY, REGISTRY_PREFIX, ROUTERS
from yett.admin.permissions import Role

ALL: Final = frozenset(Role)
EDITORS: Final = frozenset({Role.ADMIN, Role.POLICY_MANAGER})
ADMINS: Final = frozenset({Role.ADMIN})
NONE: Final[frozenset[Role]] = frozenset()
_PLACE: Final = re.compile(r"\{(\w+)(?::path)?\}")
_PLAIN: Final = {"number": "1", "tool": "pay"}


@dataclass(frozen=True)
class Row:
    """One route. `<server>` in a query or a body is what the server is referred to by, as `{server}` in the path is."""

    method: str
    path: str
    roles: frozenset[Role]
    """Who may. All others get 403."""
    body: Any = None
    status: int = 200
    """What who may is answered."""
    query: str = ""
    at: Mapping[str, str] = field(default_factory=dict)
    """For a place in the path: which of the things that the town has, if not the one of that name; `ROLE` is who asks."""

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def places(self) -> set[str]:
        """What it refers to, in path, query and body."""
        named = {self.at.get(name, name) for name in _PLACE.findall(self.path)} - set(_PLAIN)
        return named | set(re.findall(r"<([\w ]+)>", f"{self.query}{self.body}"))

    def asked(self, refs: Mapping[str, str], role: str = "") -> tuple[str, str, Any]:
        """Method, path and body with the references put in."""

        def put(found: re.Match[str]) -> str:
            name = self.at.get(found[1], found[1]).replace("ROLE", role)
            return quote(refs.get(name, _PLAIN.get(name, "")), safe="")

        query = re.sub(r"<([\w ]+)>", lambda found: quote(refs[found[1]], safe=""), self.query)
        return self.method, _PLACE.sub(put, self.path) + query, _filled(self.body, refs)


def _filled(value: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, refs) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, refs) for one in value]
    return re.sub(r"<([\w ]+)>", lambda found: refs[found[1]], value) if isinstance(value, str) else value


OPEN: Final = {"request": "open of ROLE"}
APPROVED: Final = {"request": "approved of ROLE"}
ISSUER: Final = {"issuer": "https://more.example", "rules": [{"claims": {"sub": "x"}, "grant": "<grant>"}]}
SHOP: Final = {"name": "shop", "url": "https://shop.example/mcp"}

ROWS: Final = (
    Row("GET", "/status", ALL),
    Row("GET", "/changes", ADMINS),
    # servers
    Row("GET", "/servers", ALL),
    Row("POST", "/servers", ADMINS, SHOP, 201),
    Row("POST", "/servers/import", ADMINS, {"name": "io.github.a/b"}, 409),  # the town has no registry
    Row("GET", "/servers/{server}", ALL),
    Row("PATCH", "/servers/{server}", ADMINS, {"notes": "x"}),
    Row("DELETE", "/servers/{server}", ADMINS, query="?with_grants=true"),
    Row("POST", "/servers/{server}/look", ADMINS),
    Row("GET", "/servers/{server}/tools", ALL),
    Row("GET", "/servers/{server}/steps", ALL),
    Row("GET", "/commands", ADMINS),
    Row("GET", "/known-servers", ALL),
    Row("GET", "/registry/servers", ADMINS, status=409),
    # what tools can do
    Row("GET", "/servers/{server}/catalogue", ALL),
    Row("GET", "/tool-changes", ALL),
    Row("PUT", "/servers/{server}/classes/{tool:path}", ADMINS, {"risk": "Read"}),
    Row("DELETE", "/servers/{server}/classes/{tool:path}", ADMINS),
    Row("GET", "/servers/{server}/pins", ALL),
    Row("POST", "/servers/{server}/pins/accepted", EDITORS, {"tools": [{"tool": "nowhere", "fingerprint": None}]}, 404),
    Row("PUT", "/servers/{server}/pins/mode", ADMINS, {"mode": "strict"}),
    # the registry
    Row("GET", "/v0/servers", ALL),
    Row("GET", "/v0/servers/{slug}", ALL, at={"slug": "server name"}),
    Row("GET", "/v0/servers/{slug}/tools/{tool:path}", ALL, at={"slug": "server name"}),
    Row("GET", "/v0/search", ALL, query="?q=pay"),
    Row("GET", "/v0/changes", ALL),
    Row("GET", "/v0/export", ALL),
    # who is told of changes
    Row("GET", "/webhooks", ADMINS),
    Row("POST", "/webhooks", ADMINS, {"url": "https://hooks.example/yett"}, 201),
    Row("DELETE", "/webhooks/{webhook}", ADMINS),
    Row("POST", "/webhooks/{webhook}/resume", ADMINS),
    # credentials
    Row("GET", "/servers/{server}/credential", ADMINS),
    Row("PUT", "/servers/{server}/credential", ADMINS, {"kind": "headers", "headers": {"x-key": "secret"}}),
    Row("POST", "/servers/{server}/connect", ADMINS),
    Row("GET", "/secrets", NONE),
    Row("POST", "/secrets/rotate", NONE),
    # policies
    Row("GET", "/policies", ALL),
    Row("GET", "/policies/{policy}", ALL),
    Row("PUT", "/policies/{policy}", EDITORS, {"document": DENY}, at={"policy": "policy name"}),
    Row("PATCH", "/policies/{policy}", EDITORS, {"name": "renamed"}),
    Row("DELETE", "/policies/{policy}", EDITORS, at={"policy": "spare"}),
    Row("GET", "/policies/{policy}/revisions", ALL),
    Row("POST", "/policies/{policy}/revisions/{number}/restore", EDITORS, {}),
    Row("GET", "/policies/{policy}/diff", ALL),
    Row("GET", "/policies/{policy}/uses", ALL),
    Row("POST", "/policies/{policy}/publish", EDITORS, {}),
    Row("POST", "/policies/{policy}/unpublish", EDITORS, {"force": True}),
    Row("POST", "/policies/{policy}/attach", EDITORS, {"grants": ["<stopped>"]}, at={"policy": "spare"}),
    Row("POST", "/policies/{policy}/detach", EDITORS, {"grants": ["<stopped>"]}),
    # grants
    Row("GET", "/grants", ALL),
    Row("POST", "/grants", ADMINS, {"server": "<server>", "policy": "<policy>"}, 201),
    Row("GET", "/grants/{grant:path}", ALL),
    Row("PATCH", "/grants/{grant:path}", ADMINS, {"reason": "x"}),
    Row("PUT", "/grants/{grant:path}/policy", EDITORS, {"policy": "<spare>"}),
    Row("POST", "/grants/{grant:path}/rotate", ADMINS, {"overlap": "1m"}),
    Row("POST", "/grants/{grant:path}/revoke", ADMINS),
    Row("POST", "/grants/{grant:path}/reveal", ADMINS),
    # grants that are asked for
    Row("GET", "/grant-requests", ALL),
    Row("POST", "/grant-requests", ALL, {"server": "<server>", "policy": "<policy>", "duration": "1h", "reason": "x"}, 201),
    Row("POST", "/grant-requests/{request}/approve", ADMINS, {}),
    Row("POST", "/grant-requests/{request}/deny", ADMINS, {}),
    Row("POST", "/grant-requests/{request}/withdraw", ALL, at=OPEN),
    Row("POST", "/grant-requests/{request}/collect", ALL, at=APPROVED),
    # the kill switch
    Row("GET", "/stops", ALL),
    Row("POST", "/stops", ADMINS, {"scope": "grant", "name": "<grant>"}),
    Row("POST", "/resumptions", ADMINS, {"scope": "grant", "name": "<stopped>"}),
    # calls that people must approve
    Row("GET", "/approvals", ALL),
    Row("GET", "/approvals/{approval}", ALL),
    Row("POST", "/approvals/{approval}/approve", ALL, {}),
    Row("POST", "/approvals/{approval}/deny", ALL, {"reason": "x"}),
    Row("POST", "/approvals/{approval}/withdraw", ADMINS, {}),
    Row("GET", "/exemptions", ALL),
    Row("DELETE", "/exemptions/{exemption}", EDITORS),
    Row("GET", "/delegations", ALL),
    Row("POST", "/delegations", ALL, {"to": "<member>", "duration": "1h"}, 201),
    Row("DELETE", "/delegations/{delegation}", ADMINS),
    # policy as code
    Row("POST", "/apply", ADMINS, {"documents": [{"kind": "server", **SHOP}]}),
    Row("GET", "/export", ALL),
    # issuers
    Row("GET", "/issuers", ALL),
    Row("POST", "/issuers", ADMINS, ISSUER, 201),
    Row("GET", "/issuers/{issuer:path}", ALL),
    Row("PUT", "/issuers/{issuer:path}", ADMINS, ISSUER),
    Row("DELETE", "/issuers/{issuer:path}", ADMINS),
    # people
    Row("GET", "/organisations", ALL),
    Row("POST", "/organisations", NONE, {"name": "third"}),
    Row("GET", "/members", ALL),
    Row("GET", "/members/{member:path}", ALL),
    Row("PUT", "/members/{member:path}/role", ADMINS, {"role": "policy_manager", "servers": ["<server>"]}),
    Row("DELETE", "/members/{member:path}", ADMINS, query="?grants=revoke"),
    Row("GET", "/invitations", ADMINS),
    Row("POST", "/invitations", ADMINS, {"email": "x@example.com", "role": "viewer", "servers": ["<server>"]}, 201),
    Row("DELETE", "/invitations/{invitation}", ADMINS),
    Row("GET", "/tokens", ADMINS),
    Row("POST", "/tokens", ADMINS, {"label": "x", "scopes": ["view"], "servers": ["<server>"]}, 201),
    Row("DELETE", "/tokens/{token:path}", ADMINS),
    Row("POST", "/links", NONE, {}),
    # oneself
    Row("GET", "/me", ALL),
    Row("PUT", "/me/name", ALL, {"name": "Ada"}, 204),
    Row("PUT", "/me/password", ALL, {"current": PASSWORD, "password": "another horse battery"}, 204),
    Row("PUT", "/me/organisation", ALL, {"organisation": "<organisation>"}, 204),
    Row("GET", "/me/sessions", ALL),
    Row("DELETE", "/me/sessions/{session}", ALL, status=404),  # it is the clerk's
    Row("DELETE", "/me/sessions", ALL),
)
REFERRING: Final = (
    Row("GET", "/grants", ALL, query="?server=<server>"),
    Row("GET", "/grants", ALL, query="?policy=<policy>"),
    Row("GET", "/grants", ALL, query="?owner=<member>"),
    Row("GET", "/policies", ALL, query="?server=<server>"),
    Row("GET", "/tool-changes", ALL, query="?server=<server>"),
    Row("GET", "/v0/changes", ALL, query="?server=<server>"),
    Row("GET", "/exemptions", ALL, query="?policy=<policy>"),
    Row("GET", "/v0/search", ALL, query="?q=pay&server=<server name>"),
    Row("DELETE", "/members/{member:path}", ADMINS, query="?grants=transfer:<member>"),
    Row("PATCH", "/policies/{policy}", EDITORS, {"server": "<other>"}),
    Row("PUT", "/policies/{policy}", EDITORS, {"document": DENY, "server": "<other>"}, at={"policy": "spare name"}),
    Row("PUT", "/policies/{policy}", EDITORS, {"document": DENY, "grants": ["<grant>"]}, at={"policy": "spare name"}),
    Row("PATCH", "/grants/{grant:path}", ADMINS, {"owner": "<member>"}),
    Row("POST", "/grants", ADMINS, {"server": "<server>", "owner": "<member>"}, 201),
    Row("POST", "/grant-requests/{request}/approve", ADMINS, {"policy": "<spare>"}),
    Row("POST", "/stops", ADMINS, {"scope": "server", "name": "<server>"}),
    Row("POST", "/resumptions", ADMINS, {"scope": "server", "name": "<server>"}, 409),
    Row("POST", "/apply", ADMINS, {"documents": [{"kind": "grant", "server": "<server name>", "label": "x"}]}),
    Row("POST", "/apply", ADMINS, {"documents": [{"kind": "policy", "name": "x", "document": DENY, "server": "<server name>"}]}),
)
"""More ways to refer to something, by routes that are in the table already."""


def published() -> set[tuple[str, str]]:
    """Method and path of every route there is."""
    mounted = [("", router) for router in ROUTERS] + [(REGISTRY_PREFIX, router) for router in REGISTRY]
    return {
        (method, prefix + route.path)  # type: ignore[attr-defined]  # every one is an APIRoute
        for prefix, router in mounted
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]  # as above
    }
