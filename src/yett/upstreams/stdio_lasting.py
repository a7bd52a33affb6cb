"""Progress of calls that were answered with a task: their tokens last as long as the tasks, which only the server knows."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from yett.ports import Outbound
from yett.protocol.methods import CALL

LASTING_MAX: Final = 256
"""Tokens of one child that are remembered; as many as one grant may have tasks."""


class Lasting:
    """By our number of a call: its caller's own progress token."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[int, bytes] = OrderedDict()

    def keep(self, number: int, token: bytes | None, message: Outbound) -> None:
        """A call is answered; remember its token where that may have been with a task."""
        if token is None or message.modern or message.method != CALL or b'"task"' not in message.body:
            return
        self._tokens[number] = token
        if len(self._tokens) > LASTING_MAX:
            self._tokens.popitem(last=False)

    def token(self, number: int) -> bytes | None:
        """Under which its caller knows the progress of a task."""
        return self._tokens.get(number)
