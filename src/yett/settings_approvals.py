"""The section of the configuration about approvals: how calls wait for people, and how people hear of them."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from yett.settings_people import Text

HOLD_MAX_S: Final = 600.0


class ApprovalsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[approvals]`: calls that people must approve."""

    pending_per_grant: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """Requests of one grant that may wait; one more call is denied `approvals_full`."""
    hold_s: Annotated[float, msgspec.Meta(ge=0, le=HOLD_MAX_S)] = 0.0
    """How long a call of a client that takes progress reports is held until people have decided; 0 answers at once."""
    mask: tuple[Text, ...] = ()
    """Arguments that nobody may see, as steps with `*` for any: `headers.*`, `cards.*.number`. Names such as `password` and
    `api_key` need not be told."""
