"""Alembic's entry: run the migrations on the connection, and in the transaction, that `yett.stores.control.store` hands over."""

from __future__ import annotations

from alembic import context

from yett.stores.control.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
