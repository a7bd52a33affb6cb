"""The use cases of the control plane.

Each is one transaction, writes one line of the admin log for each thing it changes, and tells the data planes.
"""

from __future__ import annotations

import os
from typing import Final

from yett import __version__
from yett.admin.desk import is_live
from yett.admin.errors import Invalid
from yett.admin.lookup import change_line
from yett.admin.policies import PolicyCases
from yett.admin.records import ControlTransaction
from yett.admin.servers import ServerCases
from yett.admin.views import ChangeLine, StatusView

LOG_LINES_MAX: Final = 1_000


class Service(ServerCases, PolicyCases):
    """Implements `yett.admin.views.Control` where the store is."""

    __slots__ = ()

    def status(self) -> StatusView:
        def look(read: ControlTransaction) -> tuple[int, int, int, int]:
            live = [grant for grant in read.grants() if is_live(grant, self.now_ns())]
            return read.revision(), len(read.servers()), len(live), len(read.policies())

        revision, servers, grants, policies = self.desk.read(look)
        return StatusView(
            version=__version__,
            pid=os.getpid(),
            revision=revision,
            servers=servers,
            grants=grants,
            policies=policies,
            data_planes=self.desk.data_planes(),
            problems=self.desk.problems(),
        )

    def changes(self, limit: int = 100) -> list[ChangeLine]:
        if not 1 <= limit <= LOG_LINES_MAX:
            raise Invalid(f"the number of lines must be from 1 to {LOG_LINES_MAX:,}")
        return [change_line(change) for change in self.desk.read(lambda read: read.changes(limit))]
