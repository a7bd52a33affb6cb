"""One transaction: everything that it can read and write, of one organisation or of the whole installation."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from yett.stores.control.api_tokens import ApiTokens
from yett.stores.control.credentials import ConnectFlows, Credentials, SealedRows, Secrets
from yett.stores.control.grant_requests import GrantRequests
from yett.stores.control.grants import Grants
from yett.stores.control.issuers import Issuers
from yett.stores.control.log import AdminLog
from yett.stores.control.members import Invitations, Members
from yett.stores.control.people import People
from yett.stores.control.pins import Pins
from yett.stores.control.policies import Policies
from yett.stores.control.records import Organisation, Touched
from yett.stores.control.servers import Servers
from yett.stores.control.sign_ins import SignIns
from yett.stores.control.standings import Standings
from yett.stores.control.tables import installation, organisations
from yett.stores.control.tool_changes import ToolChanges
from yett.stores.control.tool_classes import ToolClasses
from yett.stores.control.webhooks import Webhooks


class Transaction:
    """What belongs to one organisation. INVARIANT: nothing of another one can be read or changed through it."""

    def __init__(self, connection: Connection, organisation: str) -> None:
        self.connection = connection
        self.organisation = organisation
        self.touched = Touched()
        self.servers = Servers(connection, organisation, self.touched)
        self.tool_classes = ToolClasses(connection, organisation, self.touched)
        self.tool_changes = ToolChanges(connection, organisation, self.touched)
        self.standings = Standings(connection, organisation, self.touched)
        self.webhooks = Webhooks(connection, organisation, self.touched)
        self.pins = Pins(connection, organisation, self.touched)
        self.policies = Policies(connection, organisation, self.touched)
        self.grants = Grants(connection, organisation, self.touched)
        self.grant_requests = GrantRequests(connection, organisation, self.touched)
        self.credentials = Credentials(connection, organisation, self.touched)
        self.secrets = Secrets(connection, organisation, self.touched)
        self.connect_flows = ConnectFlows(connection, organisation, self.touched)
        self.issuers = Issuers(connection, organisation, self.touched)
        self.log = AdminLog(connection, organisation, self.touched)
        self.members = Members(connection, organisation, self.touched)
        self.invitations = Invitations(connection, organisation, self.touched)
        self.api_tokens = ApiTokens(connection, organisation, self.touched)


class Whole:
    """What belongs to no organisation: the installation itself, and which organisations there are."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.people = People(connection)
        self.sign_ins = SignIns(connection)
        self.sealed = SealedRows(connection)

    def of(self, organisation: str) -> Transaction:
        """The same transaction, for one organisation."""
        return Transaction(self.connection, organisation)

    def origin(self) -> str:
        """The id of this database, by which data planes know whose snapshots they have."""
        name: str = self.connection.execute(select(installation.c.id)).scalar_one()
        return name

    def revision(self) -> int:
        """The number of the present snapshot."""
        number: int = self.connection.execute(select(installation.c.revision)).scalar_one()
        return number

    def bump_revision(self) -> int:
        """The number of the next snapshot; never given twice."""
        self.connection.execute(update(installation).values(revision=installation.c.revision + 1))
        return self.revision()

    def stopped_at_ns(self) -> int | None:
        """Since when everything is stopped, if it is."""
        at: int | None = self.connection.execute(select(installation.c.stopped_at_ns)).scalar_one()
        return at

    def stop(self, at_ns: int | None) -> None:
        """Stop everything, or let it go on."""
        self.connection.execute(update(installation).values(stopped_at_ns=at_ns))

    def organisations(self) -> list[Organisation]:
        """All, oldest first."""
        rows = self.connection.execute(select(organisations).order_by(organisations.c.created_at_ns, organisations.c.id))
        return [Organisation(**row._mapping) for row in rows]

    def organisation(self, organisation_id: str) -> Organisation:
        """The one of this id, which exists."""
        row = self.connection.execute(select(organisations).where(organisations.c.id == organisation_id)).one()
        return Organisation(**row._mapping)

    def add_organisation(self, organisation: Organisation) -> None:
        """Add one; the database refuses a second one of its name."""
        values = {name: getattr(organisation, name) for name in ("id", "name", "created_at_ns", "stopped_at_ns")}
        self.connection.execute(insert(organisations).values(**values))

    def rename_organisation(self, organisation_id: str, name: str) -> None:
        """Call it otherwise; the database refuses the name of another one."""
        statement = update(organisations).where(organisations.c.id == organisation_id).values(name=name)
        count = self.connection.execute(statement).rowcount
        assert count == 1, f"{count} organisations instead of one"

    def stop_organisation(self, organisation_id: str, at_ns: int | None) -> None:
        """Stop all that belongs to an organisation, or let it go on."""
        statement = update(organisations).where(organisations.c.id == organisation_id).values(stopped_at_ns=at_ns)
        count = self.connection.execute(statement).rowcount
        assert count == 1, f"{count} organisations instead of one"
