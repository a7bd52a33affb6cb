"""Keeps the keys of issuers fresh: fetched beside everything else, kept in the database, sent with the snapshot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from yett.admin.desk import Desk
from yett.admin.issuers import IssuerCases
from yett.admin.permissions import operator
from yett.egress.fetch import Egress, FetchLimits, origin_of
from yett.errors import ClientFault, UpstreamFault, YettError
from yett.oauth.discovery import issuer_document
from yett.stores.control.records import Issuer
from yett.stores.control.transaction import Whole

LOOK_S: Final = 1.0
"""How often to look which issuers are due; a look is one small query."""
FRESH_S: Final = 300.0
"""How long keys are taken for the present ones."""
AGAIN_S: Final = 30.0
"""Between two attempts that fail."""
ASKED_S: Final = 5.0
"""Between two that unknown keys ask for: anybody can make up a token with one."""
KEYS_MAX: Final = 64
AT_ONCE: Final = 16
"""Issuers that are asked at the same time."""
LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=256 * 1024)
_PUBLIC: Final = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})
_KINDS: Final = frozenset({"RSA", "EC", "OKP"})

_log: Final = logging.getLogger("yett.issuers")


@dataclass(slots=True)
class IssuerKeys:
    """Fetches on the control plane's loop; one for a control plane."""

    desk: Desk
    egress: Egress
    _due: dict[str, tuple[object, float]] = field(default_factory=dict)
    """By issuer: where its keys were fetched, and when to fetch them again, by the loop's clock."""
    _asked: dict[str, float] = field(default_factory=dict)

    async def watch(self) -> None:
        """Fetch what is due, for ever. Cancel it to stop."""
        while True:
            try:
                await self.refresh()
            except YettError as error:
                _log.warning("%s", error)
            await asyncio.sleep(LOOK_S)

    def wanted(self, issuer_id: str) -> None:
        """A token was signed with a key that is not known: look anew, but not more often than `ASKED_S`."""
        now = asyncio.get_running_loop().time()
        if now - self._asked.get(issuer_id, -ASKED_S) >= ASKED_S:
            self._asked[issuer_id] = now
            self._due.pop(issuer_id, None)

    async def refresh(self) -> None:
        """Fetch the keys of every issuer that is due."""
        issuers = await asyncio.to_thread(self.desk.look, _all)
        present = {issuer.id for _, issuer in issuers}
        self._due = {id: due for id, due in self._due.items() if id in present}
        now, turns = asyncio.get_running_loop().time(), asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as fetches:
            for organisation, issuer in issuers:
                place, due = self._due.get(issuer.id, (None, now))
                if place != (issuer.issuer, issuer.keys_url) or due <= now:
                    fetches.create_task(self._in_turn(turns, organisation, issuer), name="yett issuer")

    async def _in_turn(self, turns: asyncio.Semaphore, organisation: str, issuer: Issuer) -> None:
        """As `_fetch`, beside others: whoever does not answer keeps nobody else's keys waiting."""
        async with turns:
            try:
                await self._fetch(organisation, issuer)
            except YettError as error:
                _log.warning("%s", error)

    async def _fetch(self, organisation: str, issuer: Issuer) -> None:
        cases = IssuerCases(self.desk, operator("issuer keys", organisation, kind="settings"))
        loop, place = asyncio.get_running_loop(), (issuer.issuer, issuer.keys_url)
        try:
            keys = await fetch_keys(self.egress, issuer)
        except (ClientFault, UpstreamFault) as error:
            self._due[issuer.id] = (place, loop.time() + AGAIN_S)
            _log.warning("the keys of `%s` cannot be fetched, those before stay: %s", issuer.issuer, error)
            await asyncio.to_thread(cases.note_keys, issuer.id, None, str(error))
            return
        self._due[issuer.id] = (place, loop.time() + FRESH_S)
        await asyncio.to_thread(cases.note_keys, issuer.id, keys, None)


async def fetch_keys(egress: Egress, issuer: Issuer) -> list[dict[str, Any]]:
    """The public keys that an issuer publishes. Errors: `UpstreamFault`, `ClientFault`."""
    url = issuer.keys_url
    if url is None:
        document = await issuer_document(egress, issuer.issuer)
        found = None if document is None else document.get("jwks_uri")
        if not isinstance(found, str):
            raise UpstreamFault(f"`{issuer.issuer}` has no metadata that says where its keys are; set `keys_url`")
        url = found
    answer = await egress.fetch(url, headers={"accept": "application/json"}, limits=LIMITS)
    if answer.status != 200:
        raise UpstreamFault(f"{origin_of(url)} answered with status {answer.status} where the keys of the issuer should be")
    keys = answer.json_object().get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise UpstreamFault(f"{origin_of(url)} answered with what is no set of keys (RFC 7517)")
    return [public for key in keys[:KEYS_MAX] if isinstance(key, dict) and (public := _public(key))]


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """What of a key is public and of use; empty for a secret, or a key of another kind."""
    if key.get("kty") not in _KINDS or "d" in key:
        return {}
    return {name: value for name, value in key.items() if name in _PUBLIC and isinstance(value, str)}


def _all(whole: Whole) -> list[tuple[str, Issuer]]:
    return [(one.id, issuer) for one in whole.organisations() for issuer in whole.of(one.id).issuers.listed()]
