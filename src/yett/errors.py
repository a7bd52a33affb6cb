"""The few exception roots. The type says whose fault it is; expected refusals are values, not exceptions."""

from __future__ import annotations


class YettError(Exception):
    """Root of all errors that Yett raises on purpose.

    `str(error)` is one line for a person: lower case, no full stop, what is wrong and what to do about it.
    """


class ClientFault(YettError):
    """The caller sent something that cannot be read or is not allowed."""


class UpstreamFault(YettError):
    """The server behind the gate cannot be reached, broke off, or answered what cannot be relayed."""


class UpstreamNotReached(UpstreamFault):
    """The request surely was not sent: connection refused, name not found, program not started."""


class UpstreamTimedOut(UpstreamFault):
    """The server did not answer in time; it may have acted."""


class OperatorFault(YettError):
    """The installation is wrong: configuration, files, ports, permissions, a missing program."""


class StoreFault(OperatorFault):
    """A database cannot be used: locked, full, corrupt, or of another version."""
