"""A server's own credential: a reference that is resolved at call time, after the decision. Its value is never stored."""

from __future__ import annotations

import hmac
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn, Protocol

from yett.errors import OperatorFault

FILE_BYTES_MAX: Final = 64 * 1024
"""Bytes of a credential file; a larger one is surely the wrong file, and would be a header that no server takes."""

_ENV: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_FILE: Final = re.compile(r"file:(/[^/].*)", re.ASCII | re.DOTALL)
"""One slash: `file://…` is an address, which a variable of a child may well hold."""
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_FIELD_TEXT: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)

_Stamp = tuple[int, int, int, int]


class CredentialUnavailable(OperatorFault):
    """A credential cannot be had or cannot be sent; its server is not asked without it."""


class Secret:
    """Text that must not be seen: no representation, no formatting, no pickle shows it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a secret is no key

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class CredentialSpec(Protocol):
    """What a configured server says about its credential (`yett.gateway.snapshot.ServerEntry`)."""

    @property
    def id(self) -> str:
        """The server's."""
        ...

    @property
    def sealed(self) -> str | None:
        """Which kind of sealed credential it has, if any; then it has no reference."""
        ...

    @property
    def credential(self) -> str | None:
        """`env:NAME` or `file:/PATH`."""
        ...

    @property
    def credential_header(self) -> str:
        """The field that carries it."""
        ...

    @property
    def credential_scheme(self) -> str:
        """The word before it; empty for none."""
        ...


class Credentials:
    """Resolves references. A variable is read each time, a file again whenever it changed."""

    def __init__(
        self, environ: Mapping[str, str] | None = None, *, sealed: Callable[[str], Mapping[str, str]] | None = None
    ) -> None:
        """`sealed` gives the header fields of a server whose credential was handed over sealed (`yett.upstreams.sealed`)."""
        self._environ = os.environ if environ is None else environ
        self._sealed = sealed
        self._files: dict[str, tuple[_Stamp, Secret]] = {}

    def resolve(self, reference: str) -> Secret:
        """The secret behind `env:NAME` or `file:/PATH`, a file without its last line break.

        Errors: `CredentialUnavailable`, which names the reference and never the value.
        """
        if variable := _ENV.fullmatch(reference):
            return self._variable(variable[1])
        if file := _FILE.fullmatch(reference):
            return self._file(file[1])
        raise CredentialUnavailable("the credential is no reference; write `env:NAME` or `file:/absolute/path`")

    def resolve_if_reference(self, value: str) -> str:
        """A variable of a child: itself, or what it refers to. Errors: `CredentialUnavailable`."""
        return self.resolve(value).reveal() if _ENV.fullmatch(value) or _FILE.fullmatch(value) else value

    def headers_of(self, server: CredentialSpec) -> Mapping[str, str]:
        """The header fields that carry the server's credential, none if it has none. Errors: `CredentialUnavailable`."""
        if server.sealed is not None:
            if self._sealed is None:
                raise CredentialUnavailable("the server's credential is sealed, and nothing here opens it")
            return self._sealed(server.id)
        if server.credential is None:
            return {}
        secret = self.resolve(server.credential)
        name, value = header_field(server.credential_header, server.credential_scheme, secret)
        return {name: value}

    def _variable(self, name: str) -> Secret:
        value = self._environ.get(name)
        if not value:
            raise CredentialUnavailable(f"the credential `env:{name}` is not set; set that variable where the gateway starts")
        return Secret(value)

    def _file(self, path: str) -> Secret:
        try:
            status = Path(path).stat()
            if not stat.S_ISREG(status.st_mode):
                raise CredentialUnavailable(f"the credential `file:{path}` is no regular file; name one")
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev)
            known = self._files.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            secret = Secret(_text(path))
        except (OSError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) else "its path or its text is not valid"
            raise CredentialUnavailable(f"the credential `file:{path}` cannot be read: {cause}; mend the file") from None
        self._files[path] = (stamp, secret)
        return secret


def _text(path: str) -> str:
    with Path(path).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise CredentialUnavailable(f"the credential `file:{path}` is larger than {FILE_BYTES_MAX} bytes; name the right file")
    text = data.decode().removesuffix("\n").removesuffix("\r")
    if not text:
        raise CredentialUnavailable(f"the credential `file:{path}` is empty; write the secret into it")
    return text


def header_field(name: str, scheme: str, secret: Secret) -> tuple[str, str]:
    """The header field that carries `secret`: its name in lower case, and its value with the scheme before it.

    Errors: `CredentialUnavailable` where the field would break the request apart (line breaks, NUL, other controls) or could be
    read in two ways (text that is not ASCII, blanks at its ends).
    """
    if _FIELD_NAME.fullmatch(name) is None or _FIELD_TEXT.fullmatch(scheme) is None:
        raise CredentialUnavailable("the credential's header field has no valid name or scheme; mend the server's configuration")
    text = secret.reveal()
    if _FIELD_TEXT.fullmatch(text) is None or text != text.strip():
        raise CredentialUnavailable(
            f"the credential for the field `{name.lower()}` holds line breaks, edge blanks or text that is not ASCII; mend it"
        )
    return name.lower(), f"{scheme} {text}" if scheme else text
