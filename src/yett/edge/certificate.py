"""The certificate that a listener shows, which may change under way."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from yett.edge.tls import FIRST, read_pem, server_context, told
from yett.errors import OperatorFault

LOOK_S: Final = 1.0
"""How often the files are looked at: a renewed certificate serves within this time."""

_State: TypeAlias = tuple[tuple[int, int, int, int] | None, ...]


class Certificate:
    """A certificate with its key, as a listener shows it. When the files change, new connections get the new pair.

    A pair that cannot be used changes nothing: the last good one goes on serving, and `fault` says why.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Errors: `OperatorFault` where the pair cannot be used; without a first one nothing can be served."""
        self._paths = (certificate, key)
        self._seen = self._state()
        self._current, self.shown = self._load()
        """`shown` is the certificate in service without its chain, as PEM text."""
        self.fault: str | None = None
        """Why the files are not what is served; None if they are."""
        self.context = server_context()
        """For the listener. Its own pair is never used: each handshake takes the current one."""
        self.context.load_cert_chain(certificate, key, password=_nobody_knows)
        self.context.sni_callback = self._choose

    def look(self) -> bool:
        """Load the pair anew if the files changed; whether something else is served, or said in `fault`, than before."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen, before = state, self.fault
        try:
            loaded = self._load()
        except OperatorFault as error:
            self.fault = f"{error}; the certificate from before goes on serving"
            return self.fault != before
        self.fault = None
        self._current, self.shown = loaded
        return True

    async def watch(self, tell: Callable[[], None]) -> None:
        """Look at the files for ever, and `tell` of what comes of it. Cancel it to stop."""
        while True:
            await asyncio.sleep(LOOK_S)
            if await asyncio.to_thread(self.look):
                tell()

    def _load(self) -> tuple[ssl.SSLContext, str]:
        certificate, key = self._paths
        context = server_context()
        try:
            context.load_cert_chain(certificate, key, password=_nobody_knows)
            leaf = FIRST.search(read_pem(certificate))
        except ssl.SSLError as error:
            raise OperatorFault(f"`tls.certificate` and `tls.key` (`{certificate}`, `{key}`) {told(error)}") from error
        except OSError as error:
            raise OperatorFault(
                f"cannot read `tls.certificate` or `tls.key` (`{certificate}`, `{key}`): {error.strerror or error}"
            ) from error
        assert leaf is not None, "it was loaded"
        return context, leaf[0].decode("ascii")

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _state(self) -> _State:
        """What tells a changed file from the same one; links are followed."""
        return tuple(_stat(path) for path in self._paths)


def _nobody_knows() -> str:
    """Asked for the password of a key. There is nobody at a terminal to type it."""
    raise OperatorFault("`tls.key` cannot be used: the key is encrypted; store it without a password, for the gateway alone")


def _stat(path: Path) -> tuple[int, int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
