"""What the operator wants, read once from the environment. Everything else is handed a `Settings` value.

The five variables of the original server count as they stand; all others begin with `REDBOOK_`. Every fault is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from redbook_mcp.model import PAGES_MAX
from redbook_mcp.secret import Secret
from redbook_mcp.settings_environment import Environment
from redbook_mcp.settings_environment import SettingsError as SettingsError

RemoteKind = Literal["openai", "gemini", "chat", "seedream", "dashscope"]
ProviderKind = Literal["local", "hybrid", "openai", "gemini", "chat", "seedream", "dashscope"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
AiLabel = Literal["auto", "always", "never"]
ReferencesAs = Literal["edits", "inline", "none"]
LogLevel = Literal["debug", "info", "warning", "error"]

CONCURRENCY_MAX: Final = 8
RETRIES_MAX: Final = 10
IMAGES_PER_DAY_MAX: Final = 1_000_000
TIMEOUT_S_MAX: Final = 3600.0
LABEL_TEXT: Final = "AI生成"
LABEL_CHARACTERS_MAX: Final = 20
WATERMARK_CHARACTERS_MAX: Final = 40
TOKEN_CHARACTERS_MIN: Final = 16

REMOTE_KINDS: Final[tuple[RemoteKind, ...]] = get_args(RemoteKind)
PROVIDER_KINDS: Final[tuple[ProviderKind, ...]] = get_args(ProviderKind)
_CORNERS: Final[tuple[Corner, ...]] = get_args(Corner)
_AI_LABELS: Final[tuple[AiLabel, ...]] = get_args(AiLabel)
_REFERENCES_AS: Final[tuple[ReferencesAs, ...]] = get_args(ReferencesAs)
_LOG_LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)

_THEME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ORIGINAL: Final = ("IMAGE_API_URL", "IMAGE_API_KEY", "IMAGE_MODEL", "ENDPOINTS")


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How to reach an image model."""

    kind: RemoteKind
    key: Secret | None
    """None if none is set: the server starts and says so when it is to paint."""
    model: str | None = None
    """None for the service's usual one."""
    base_url: str | None = None
    endpoint: str | None = None
    """The original's `ENDPOINTS`."""
    size: str | None = None
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """More members of each request's body."""
    references_as: ReferencesAs = "edits"
    reference_model: str | None = None
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 300.0
    download_timeout_s: float = 60.0
    retries: int = 2
    retry_unanswered: bool = False
    """Whether to ask again when a connection broke after the whole request was sent. It may be billed twice then."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one server, complete and checked."""

    data_dir: Path
    """Absolute."""
    provider: ProviderKind = "local"
    """Who paints unless a call names another."""
    remote: RemoteSettings | None = None
    """The image model of the remote and hybrid painters; None if none is set up."""
    concurrency: int = 1
    """Pages painted at a time, and requests under way at a time."""
    pages_per_run: int = PAGES_MAX
    images_per_day: int | None = None
    """Pictures of the image model in a day (UTC); None for no limit."""
    reference_dirs: tuple[Path, ...] = ()
    """Folders that reference pictures may come from."""
    ai_label: AiLabel = "auto"
    ai_label_text: str = LABEL_TEXT
    content_producer: str = "redbook-mcp"
    """Who is named as the producer in the metadata of generated pictures."""
    watermark: str | None = None
    watermark_corner: Corner = "bottom-right"
    theme: str | None = None
    """Theme of notes that name none; None chooses by the topic. Whether there is such a theme is the renderer's to say."""
    language: str | None = None
    http_token: Secret | None = None
    log_level: LogLevel = "warning"
    warnings: tuple[str, ...] = ()
    """What the operator should hear at the start."""

    def visible_label(self, *, remote: bool) -> str | None:
        """The notice on a picture, by whether an image model painted any of it; None for none."""
        if self.ai_label == "never" or (self.ai_label == "auto" and not remote):
            return None
        return self.ai_label_text

    def metadata_label(self, *, remote: bool) -> Literal["1", "2"] | None:
        """The `Label` of GB 45438-2025 in a picture's metadata: `1` a model made it, `2` it may have; None for none.

        A picture of an image model has it always. A card that is set from text has it only where every picture is to be labelled:
        a model may have written the text.
        """
        if remote:
            return "1"
        return "2" if self.ai_label == "always" else None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment; an empty value counts as unset. Writes nothing.

    Errors: SettingsError, which names every variable that cannot be used, and the remedy.
    """
    env = Environment(environ)
    env.refuse_unknown()
    data_dir = env.data_dir()
    provider, remote = _painters(env)
    settings = Settings(
        data_dir=data_dir,
        provider=provider,
        remote=remote,
        concurrency=env.whole("REDBOOK_CONCURRENCY", 1, 1, CONCURRENCY_MAX),
        pages_per_run=env.whole("REDBOOK_PAGES_PER_RUN", PAGES_MAX, 1, PAGES_MAX),
        images_per_day=env.optional_whole("REDBOOK_IMAGES_PER_DAY", 0, IMAGES_PER_DAY_MAX),
        reference_dirs=env.folders("REDBOOK_REFERENCE_DIRS", data_dir / "references"),
        ai_label=env.choice("REDBOOK_AI_LABEL", _AI_LABELS, "auto"),
        ai_label_text=_label_text(env),
        content_producer=env.line("REDBOOK_CONTENT_PRODUCER", 100) or "redbook-mcp",
        watermark=env.line("REDBOOK_WATERMARK", WATERMARK_CHARACTERS_MAX),
        watermark_corner=env.choice("REDBOOK_WATERMARK_CORNER", _CORNERS, "bottom-right"),
        theme=env.matching("REDBOOK_THEME", _THEME, "the name of a theme, such as paper"),
        language=env.line("REDBOOK_LANGUAGE", 40),
        http_token=_http_token(env),
        log_level=env.choice("REDBOOK_LOG_LEVEL", _LOG_LEVELS, "warning"),
        warnings=tuple(env.warnings),
    )
    env.end()
    return settings


def _painters(env: Environment) -> tuple[ProviderKind, RemoteSettings | None]:
    """Who paints by default, and how to reach the image model, if one is set up."""
    asked = env.optional_choice("REDBOOK_PROVIDER", PROVIDER_KINDS)
    named = env.optional_choice("REDBOOK_REMOTE", REMOTE_KINDS)
    key = _key(env)
    kind = _remote_kind(env, asked, named)
    remote = _remote(env, kind, key)
    if asked is None:
        _check_original(env, key)
        default: ProviderKind = kind if kind is not None and key is not None else "local"
        if key is not None and kind is None:
            env.fault("REDBOOK_API_KEY is set, but nothing says whose key it is; set REDBOOK_PROVIDER")
        return default, remote if key is not None else None
    if asked == "local":
        return asked, remote if key is not None else None
    if key is None:
        env.warn(f"REDBOOK_PROVIDER is {asked}, but no key is set: painting with it will fail until REDBOOK_API_KEY is set")
    return asked, remote


def _remote_kind(env: Environment, asked: ProviderKind | None, named: RemoteKind | None) -> RemoteKind | None:
    """The image model's dialect: the provider's own, or what REDBOOK_REMOTE or the original's ENDPOINTS name."""
    of_endpoint = _kind_of_endpoint(env)
    own = next((kind for kind in REMOTE_KINDS if kind == asked), None)
    if own is not None and named is not None and own != named:
        env.fault(f"REDBOOK_REMOTE is {named}, but REDBOOK_PROVIDER is {own}; leave REDBOOK_REMOTE out")
    kind = own or named
    if kind is not None and of_endpoint is not None and kind != of_endpoint:
        env.fault(f"ENDPOINTS is that of {of_endpoint}, but the provider is {kind}; leave ENDPOINTS out")
    return kind or of_endpoint or ("openai" if asked == "hybrid" else None)


def _kind_of_endpoint(env: Environment) -> RemoteKind | None:
    endpoint = env.text("ENDPOINTS")
    if endpoint is None:
        return None
    path = endpoint.rstrip("/")
    if path.endswith("images/generations"):
        return "openai"
    if path.endswith("chat/completions"):
        return "chat"
    # The name is so common that another program's may be meant, as long as nothing else asks for the original's.
    if any(env.text(name) for name in _ORIGINAL[:3]):
        env.fault("ENDPOINTS must be /v1/images/generations or /v1/chat/completions")
    return None


def _check_original(env: Environment, key: Secret | None) -> None:
    """The original's variables make an image model only together. Without a key they stay unused: the server must start."""
    have = [name for name in _ORIGINAL if env.text(name)]
    if "IMAGE_API_KEY" in have:
        missing = [name for name in _ORIGINAL if name not in have]
        if missing:
            env.fault(f"IMAGE_API_KEY is set without {', '.join(missing)}; set them, or set REDBOOK_PROVIDER for their defaults")
    elif key is None and ("IMAGE_API_URL" in have or "IMAGE_MODEL" in have):
        env.warn(f"{' and '.join(have)} set without IMAGE_API_KEY: cards are painted locally")


def _key(env: Environment) -> Secret | None:
    """The key, from the one place that gives it."""
    given = [name for name in ("REDBOOK_API_KEY", "REDBOOK_API_KEY_FILE", "IMAGE_API_KEY") if env.text(name)]
    if len(given) > 1:
        env.fault(f"{' and '.join(given)} are set; keep one")
    if not given:
        return None
    if given[0] == "REDBOOK_API_KEY_FILE":
        return env.secret_file(given[0], env.text(given[0]) or "")
    return env.secret(given[0])


def _remote(env: Environment, kind: RemoteKind | None, key: Secret | None) -> RemoteSettings | None:
    """Read also where no model is used, so that a fault is told before one is."""
    endpoint = env.text("ENDPOINTS") if kind in {"openai", "chat"} else None
    settings = RemoteSettings(
        kind=kind or "openai",
        key=key,
        model=_one_of_two(env, "REDBOOK_MODEL", "IMAGE_MODEL"),
        base_url=env.web_address(_name_of_two(env, "REDBOOK_BASE_URL", "IMAGE_API_URL")),
        endpoint=endpoint,
        size=env.line("REDBOOK_SIZE", 40),
        extra=env.json_object("REDBOOK_EXTRA"),
        references_as=env.choice("REDBOOK_REFERENCES_AS", _REFERENCES_AS, "edits"),
        reference_model=env.line("REDBOOK_REFERENCE_MODEL", 200),
        connect_timeout_s=env.seconds("REDBOOK_CONNECT_TIMEOUT_S", 10.0, TIMEOUT_S_MAX),
        read_timeout_s=env.seconds("REDBOOK_READ_TIMEOUT_S", 300.0, TIMEOUT_S_MAX),
        download_timeout_s=env.seconds("REDBOOK_DOWNLOAD_TIMEOUT_S", 60.0, TIMEOUT_S_MAX),
        retries=env.whole("REDBOOK_RETRIES", 2, 0, RETRIES_MAX),
        retry_unanswered=env.choice("REDBOOK_RETRY_UNANSWERED", ("no", "yes"), "no") == "yes",
    )
    return settings if kind is not None else None


def _name_of_two(env: Environment, ours: str, original: str) -> str:
    """Which of two variables is set; both only with one value."""
    if env.text(ours) and env.text(original) and env.text(ours) != env.text(original):
        env.fault(f"{ours} and {original} are set to different values; keep one")
    return ours if env.text(ours) else original


def _one_of_two(env: Environment, ours: str, original: str) -> str | None:
    return env.line(_name_of_two(env, ours, original), 200)


def _label_text(env: Environment) -> str:
    text = env.line("REDBOOK_AI_LABEL_TEXT", LABEL_CHARACTERS_MAX) or LABEL_TEXT
    if not re.search(r"AI|人工智能", text, re.IGNORECASE) or not re.search(r"生成|合成|generated", text, re.IGNORECASE):
        env.warn(f"REDBOOK_AI_LABEL_TEXT ({text}) does not say that AI generated the picture, as GB 45438-2025 asks")
    return text


def _http_token(env: Environment) -> Secret | None:
    token = env.secret("REDBOOK_HTTP_TOKEN") if env.text("REDBOOK_HTTP_TOKEN") else None
    if token is not None and len(token.reveal()) < TOKEN_CHARACTERS_MIN:
        env.fault(f"REDBOOK_HTTP_TOKEN must have at least {TOKEN_CHARACTERS_MIN} characters")
    return token
