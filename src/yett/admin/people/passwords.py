"""Passwords of local accounts: Argon2id, a few at a time, and no quicker for an account that does not exist.

A hash takes 64 MiB and a sixth of a second of two cores, so only some run at once and only some may wait.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from yett.admin.errors import AdminFault, Invalid

AT_ONCE: Final = 2
WAITING_MAX: Final = 16
"""One more is turned away: each holds a thread."""
PATIENCE_S: Final = 10.0
LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
"""Characters. Longer ones would only cost time."""
DIFFERENT_MIN: Final = 5
"""Different characters that a password has at least."""


class Busy(AdminFault):
    """Too many sign-ins at once."""

    code = "busy"
    status = 503
    exit_code = 3


class Passwords:
    """Makes and checks hashes. For any number of threads; blocks the one that asks."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING_MAX)

    def hash(self, password: str) -> str:
        """The hash to store. Errors: `Busy`."""
        with self._slot():
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; for None, of an account without one, never, after the same work. Errors: `Busy`."""
        if len(password) > LENGTH_MAX:
            password = password[:LENGTH_MAX] + "…"  # nobody's: what is stored was never longer
        with self._slot():
            try:
                self._hasher.verify(self._decoy if stored is None else stored, password)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with less work than is usual now."""
        return self._hasher.check_needs_rehash(stored)

    def warm_up(self) -> None:
        """Make what is needed for accounts that do not exist, before anybody measures."""
        _ = self._decoy

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy("too many people sign in right now; try again in some seconds")
        try:
            if not self._slots.acquire(timeout=PATIENCE_S):
                raise Busy("too many people sign in right now; try again in some seconds")
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def check_password(password: str, *, email: str = "") -> str:
    """`password`, if it is fit for use. Errors: `Invalid`, which does not repeat it."""
    if len(password) < LENGTH_MIN:
        raise Invalid(f"a password has at least {LENGTH_MIN} characters", pointer="/password")
    if len(password) > LENGTH_MAX:
        raise Invalid(f"a password has at most {LENGTH_MAX} characters", pointer="/password")
    if len(set(password)) < DIFFERENT_MIN:
        raise Invalid("the password repeats a few characters; choose another one", pointer="/password")
    if email and email.partition("@")[0].lower() in password.lower() and len(password) < 2 * LENGTH_MIN:
        raise Invalid("the password holds the name of the address; choose another one", pointer="/password")
    return password
