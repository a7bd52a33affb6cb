"""The statements about API tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from yett.stores.control.members import dumped, loaded
from yett.stores.control.people_records import ApiToken
from yett.stores.control.rows import Rows, columns_of
from yett.stores.control.tables import api_tokens


class ApiTokens(Rows):
    """All API tokens of one organisation; revoked ones too."""

    __slots__ = ()

    def find(self, reference: str) -> ApiToken | None:
        """The one with this id."""
        row = self.first(self._select(api_tokens.c.id == reference))
        return None if row is None else _token(row)

    def labelled(self, label: str) -> list[ApiToken]:
        """Those with this label, oldest first."""
        return [_token(row) for row in self.all(self._select(api_tokens.c.label == label).order_by(*_ORDER))]

    def listed(self, maker_id: str | None = None) -> list[ApiToken]:
        """All, or those that one user made; oldest first."""
        mine = () if maker_id is None else (api_tokens.c.maker_id == maker_id,)
        return [_token(row) for row in self.all(self._select(*mine).order_by(*_ORDER))]

    def add(self, token: ApiToken) -> None:
        """Add one."""
        row = {**asdict(token), "scopes": json.dumps(sorted(token.scopes)), "servers": dumped(token.servers)}
        self.connection.execute(insert(api_tokens).values(organisation_id=self.organisation, **row))

    def revoke(self, token_id: str, at_ns: int) -> None:
        """It opens nothing any more."""
        ours = api_tokens.c.id == token_id, api_tokens.c.organisation_id == self.organisation
        self.change_one(update(api_tokens).where(*ours).values(revoked_at_ns=at_ns))

    def touch(self, token_id: str, at_ns: int) -> None:
        """It was used."""
        ours = api_tokens.c.id == token_id, api_tokens.c.organisation_id == self.organisation
        self.change_one(update(api_tokens).where(*ours).values(used_at_ns=at_ns))

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        return select(*columns_of(api_tokens)).where(api_tokens.c.organisation_id == self.organisation, *where)


def token_with(connection: Connection, digest: str) -> tuple[str, ApiToken] | None:
    """The token with this digest, and its organisation: whoever shows a token says no more than the token."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.digest == digest)).mappings().first()
    if row is None:
        return None
    own = dict(row)
    return own.pop("organisation_id"), _token(own)


_ORDER = (api_tokens.c.created_at_ns, api_tokens.c.id)


def _token(row: Mapping[str, Any]) -> ApiToken:
    return ApiToken(**{**row, "scopes": tuple(json.loads(row["scopes"])), "servers": loaded(row["servers"])})
