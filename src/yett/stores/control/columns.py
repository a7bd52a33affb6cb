"""What all tables of the control plane's database share: how constraints are named, and columns that many have."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Named constraints, so that a later migration can name them on either database."""


def organisation() -> Column[str]:
    return Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False)


def created() -> Column[int]:
    return Column("created_at_ns", BigInteger, nullable=False)


def moment(name: str) -> Column[Any]:
    return Column(name, BigInteger)
