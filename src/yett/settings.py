"""The only reader of the configuration file and of the environment. Everything else is handed a `Settings` value.

One TOML file and the environment `YETT_<SECTION>_<KEY>`, which wins. An unknown key stops the start.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
import platformdirs

from yett.errors import OperatorFault
from yett.settings_approvals import ApprovalsSettings as ApprovalsSettings
from yett.settings_approvals import check_approvals
from yett.settings_outside import EgressSettings as EgressSettings
from yett.settings_outside import HealthSettings, OAuthSettings, SecretsSettings
from yett.settings_outside import RegistrySettings as RegistrySettings
from yett.settings_people import ControlPlaneSettings as ControlPlaneSettings
from yett.settings_people import Port, ProviderSettings, SignInSettings, SmtpSettings, Text, check_people
from yett.stores.commands import Command as Command

CONFIG_FILE: Final = "yett.toml"
CONFIG_VARIABLE: Final = "YETT_CONFIG"
PREFIX: Final = "YETT_"
DIRECTORY_MODE: Final = 0o700
NEAR: Final = 0.85
"""How alike a variable must be to a known one to be called a typo. Others pass: orchestrators put `YETT_SERVICE_HOST` and the
like into the environment of whoever runs beside a service called `yett`."""

Count = Annotated[int, msgspec.Meta(ge=1)]


class StateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[state]`: where Yett remembers."""

    directory: Text | None = None
    """Databases, keys, sockets. Default: the user's state directory."""


class DataPlaneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[data_plane]`: the listener that agents talk to."""

    host: Text = "127.0.0.1"
    port: Port = 8700
    allowed_hosts: tuple[Text, ...] = ()
    """`Host` values that are answered beside the loopback names and the listener's own address."""
    allowed_origins: tuple[Text, ...] = ()
    """`Origin` values that are answered beside none at all and pages of this machine."""
    body_bytes_max: Annotated[int, msgspec.Meta(ge=1)] = 4 * 1024 * 1024
    upstream_timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    """How long a server may take to begin its answer; a stream that has begun has no time-out."""
    public_url: Text | None = None
    """Where clients reach this listener, if not at its own address (behind a proxy)."""
    trusted_proxies: tuple[Text, ...] = ()
    """Addresses and CIDR blocks whose `X-Forwarded-For` or `Forwarded` says who the client is; nobody else's does."""
    reuse_port: bool = False
    """Whether several data planes may listen at this port together, for a restart without a gap."""
    connections_max: Count = 10_000
    """Connections at once; one more is answered 503."""
    in_flight_max: Count = 1024
    """Requests at once; one more is answered 503."""
    in_flight_per_grant_max: Count = 128
    """Requests of one grant at once; one more is answered 429."""
    drain_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 10.0
    """How long calls in work may take after the signal to stop."""
    resume_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0
    """How long a program's answer is kept for a client that lost its connection, and a call runs for it; 0: not at all."""
    resume_bytes_max: Annotated[int, msgspec.Meta(ge=1)] = 64 * 1024 * 1024
    """Bytes of all answers that are kept so; beyond, the oldest are dropped."""
    quiet_stream_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    """After how long without a message a stream of such an answer is closed, for its client to come back; 0: never."""


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tls]`: both listeners speak TLS with this certificate. Files are PEM."""

    certificate: Text | None = None
    """The certificate, then its chain. Looked at again every second: a changed pair serves new connections."""
    key: Text | None = None
    """The key, without a password."""
    ca: Text | None = None
    """Certificates that `yett connect` trusts beside the system's, for a gateway elsewhere."""


class GrantsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[grants]`: what is kept of grants."""

    reveal: bool = False
    """Whether tokens are kept, sealed, so that an admin may see one again; each time is recorded."""


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[audit]`: when a decision record counts as written."""

    mode: Literal["strict", "relaxed"] = "strict"
    """`strict`: no call is forwarded before its record is durable. `relaxed`: records are queued; a full queue denies."""
    fsync: bool = False
    """Whether durable also means on the disk, which survives a power failure."""


class ServersSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[servers]`: the programs that a server may be; never settable over the API."""

    commands: dict[Text, Command] = {}
    credentials: tuple[Text, ...] = ()
    """References that members may use as servers' credentials, whole or with `*` for any text: `env:SHOP_TOKEN`,
    `file:/run/secrets/*`. Whoever runs the gateway may use all."""


class _Sections(msgspec.Struct, frozen=True, kw_only=True):
    """What the file and the checked settings have alike."""

    data_plane: DataPlaneSettings = DataPlaneSettings()
    control_plane: ControlPlaneSettings = ControlPlaneSettings()
    tls: TlsSettings = TlsSettings()
    egress: EgressSettings = EgressSettings()
    secrets: SecretsSettings = SecretsSettings()
    oauth: OAuthSettings = OAuthSettings()
    grants: GrantsSettings = GrantsSettings()
    audit: AuditSettings = AuditSettings()
    servers: ServersSettings = ServersSettings()
    sign_in: SignInSettings = SignInSettings()
    smtp: SmtpSettings = SmtpSettings()
    health: HealthSettings = HealthSettings()
    registry: RegistrySettings = RegistrySettings()
    approvals: ApprovalsSettings = ApprovalsSettings()


class _File(_Sections, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file as a whole."""

    state: StateSettings = StateSettings()
    policies: dict[Text, Text] = {}


class Settings(_Sections, frozen=True, kw_only=True):
    """The configuration of one installation, complete and checked."""

    config_path: Path | None
    """The file that was read; None where there is none."""
    state_dir: Path
    policies: dict[str, Path] = {}
    """Policy files that the control plane publishes and reloads, by policy name."""


def load_settings(config: Path | None = None, environment: Mapping[str, str] | None = None, *, local: bool = True) -> Settings:
    """Read the configuration and make the state directory (0700).

    `config` is the file to read, else `YETT_CONFIG`, else `./yett.toml`, else `yett.toml` in the user's configuration
    directory; the last two may be missing. `local`: whether `./yett.toml` counts, which whoever made the folder wrote.
    Errors: `OperatorFault`, naming key, place and nearest known key.
    """
    settings = read_settings(config, environment, local=local)
    prepare_directory(settings.state_dir)
    return settings


def read_settings(config: Path | None = None, environment: Mapping[str, str] | None = None, *, local: bool = True) -> Settings:
    """As `load_settings`, without touching the state directory."""
    environment = os.environ if environment is None else environment
    path = _config_path(config, environment, local=local)
    place = str(path) if path else "the settings"
    tables = _read_toml(path) if path else {}
    _overlay(tables, environment)
    try:
        file = msgspec.convert(tables, _File)
    except msgspec.ValidationError as error:
        raise OperatorFault(f"{place}: {_explain(str(error))}") from error
    check_people(file.sign_in, file.smtp)
    check_approvals(file.approvals, mails=file.smtp.host is not None)
    base = path.parent if path else Path.cwd()
    sections = {name: getattr(file, name) for name in _Sections.__struct_fields__}
    return Settings(
        **sections | {"tls": _tls(file.tls, environment, base)},
        config_path=path,
        state_dir=_state_dir(file.state.directory, environment, base),
        policies={name: base / _expanded(text) for name, text in file.policies.items()},
    )


def prepare_directory(directory: Path) -> None:
    """Make sure that `directory` exists and that nobody else may write in it.

    Errors: `OperatorFault`.
    """
    try:
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        mode = stat.S_IMODE(directory.stat().st_mode)
    except OSError as error:
        raise OperatorFault(
            f"cannot make the state directory `{directory}`: {error.strerror}; set `state.directory` to one that you may write in"
        ) from error
    if mode & 0o022:
        raise OperatorFault(
            f"others may write in the state directory `{directory}` (mode {mode:04o}); run `chmod 700 {directory}`"
        )


def _config_path(config: Path | None, environment: Mapping[str, str], *, local: bool) -> Path | None:
    """The file to read, absolute. One that was named must exist; None where none was named and none is found."""
    named = config or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    if named is not None:
        return _expanded(str(named)).absolute()
    own = platformdirs.user_config_path("yett", appauthor=False) / CONFIG_FILE
    usual = (Path(CONFIG_FILE), own) if local else (own,)
    return next((path.absolute() for path in usual if path.is_file()), None)


def _state_dir(text: str | None, environment: Mapping[str, str], base: Path) -> Path:
    """The state directory; a relative one in the file is relative to the file, one in the environment to where we are."""
    if text is None:
        return platformdirs.user_state_path("yett", appauthor=False)
    path = _expanded(text)
    return path.absolute() if environment.get("YETT_STATE_DIRECTORY") else base / path


def _tls(tls: TlsSettings, environment: Mapping[str, str], base: Path) -> TlsSettings:
    """The files absolute, as the state directory is. Errors: `OperatorFault` for half a pair."""
    if (tls.certificate is None) is not (tls.key is None):
        missing = "key" if tls.key is None else "certificate"
        raise OperatorFault(f"`tls.{missing}` is missing: TLS needs `tls.certificate` and `tls.key`, two PEM files")
    placed = {
        name: str(_expanded(text).absolute() if environment.get(f"{PREFIX}TLS_{name.upper()}") else base / _expanded(text))
        for name, text in msgspec.structs.asdict(tls).items()
        if text is not None
    }
    return TlsSettings(**placed)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorFault(f"cannot read the configuration file `{path}`: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorFault(f"the configuration file `{path}` is not valid TOML: {error}") from error


def _scalars() -> Iterator[tuple[str, str, str, Any]]:
    """Every setting that a variable may carry: variable, section, key, type."""
    for section, struct in get_type_hints(_File).items():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct is not ServersSettings:
            for key, kind in get_type_hints(struct, include_extras=True).items():
                if not str(kind).startswith("dict"):
                    yield f"{PREFIX}{section}_{key}".upper(), section, key, kind


def _overlay(tables: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put the environment's values over the file's."""
    known = {variable: (section, key, kind) for variable, section, key, kind in _scalars()}
    _refuse_typos(environment, known)
    for variable, (section, key, kind) in known.items():
        text = environment.get(variable)
        if not text:  # empty means unset, as a shell has no other way to say so
            continue
        table = tables.setdefault(section, {})
        if not isinstance(table, dict):
            return  # the conversion names the place
        try:
            table[key] = msgspec.to_builtins(msgspec.convert(_split(text, kind), kind, strict=False))
        except msgspec.ValidationError as error:
            raise OperatorFault(f"the variable `{variable}`: {_lower(str(error))}") from error


def _expanded(text: str) -> Path:
    """The path with `~` and `~user` resolved. Errors: `OperatorFault` for a user that does not exist."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise OperatorFault(f"the path `{text}` names no home directory: write it out") from error


def _split(text: str, kind: object) -> object:
    """A list is written with commas."""
    if str(kind).startswith("tuple"):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _refuse_typos(environment: Mapping[str, str], known: Mapping[str, object]) -> None:
    sections = {f"{PREFIX}{section}_".upper() for section in get_type_hints(_File)}
    for variable in environment:
        if not variable.startswith(PREFIX) or variable in known or variable == CONFIG_VARIABLE:
            continue
        near = difflib.get_close_matches(variable, [*known, CONFIG_VARIABLE], n=1, cutoff=NEAR)
        if near or any(variable.startswith(section) for section in sections):
            hint = f", did you mean `{near[0]}`?" if near else f"; there are {', '.join(sorted(known))}"
            raise OperatorFault(f"unknown variable `{variable}`{hint}")


_PLACE: Final = re.compile(r" - at `(?P<place>[^`]*(?:`[^`]*)*)`$")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<key>.*)`$", re.DOTALL)


def _explain(message: str) -> str:
    """msgspec's message in our words: place first, and for an unknown key the nearest known one."""
    found = _PLACE.search(message)
    place = found.group("place").removeprefix("$").removeprefix(".") if found else ""
    reason = message[: found.start()] if found else message
    unknown = _UNKNOWN.match(reason)
    if unknown is None:
        return f"`{place}`: {_lower(reason)}" if place else _lower(reason)
    key = unknown.group("key")
    where = f" in `[{place}]`" if place else ""
    names = _known_keys(place)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    hint = f", did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{name}`' for name in names)}"
    return f"unknown key `{key}`{where}{hint}"


_NAMED: Final[Mapping[str, Any]] = {"commands": Command, "providers": ProviderSettings}


def _known_keys(place: str) -> list[str]:
    """The keys of the table at `place`."""
    struct: Any = _File
    for step in place.split(".") if place else ():
        hints = get_type_hints(struct)
        # Below `servers.commands` stand the commands' own names, which msgspec writes as `[...]`; providers likewise.
        struct = _NAMED.get(step.partition("[")[0]) or hints.get(step, struct)
    return list(get_type_hints(struct))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
