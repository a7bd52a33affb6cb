"""Which painters there are, by the names that callers choose them by. Fonts, Pillow and HTTP are loaded when one is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import SystemRandom
from typing import TYPE_CHECKING, Final, Literal

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Palette
from redbook_mcp.ports import Clock, Painter
from redbook_mcp.settings import RemoteSettings, Settings

if TYPE_CHECKING:
    from redbook_mcp.providers import RemoteConfig

LOCAL: Final = "local"
HYBRID: Final = "hybrid"


class Painters:
    """The painters of one server. Each is made when it is first asked for: a list of tools needs none of them."""

    def __init__(self, makers: Mapping[str, Callable[[], Painter]], default: str) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Painter] = {}
        self.default = default
        assert default in self._makers

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._makers)

    @property
    def is_remote(self) -> bool:
        """Whether any painter here leaves the machine."""
        return any(name != LOCAL for name in self._makers)

    def chosen(self, name: str | None) -> Painter:
        """The painter of that name, or the default one. Errors: INVALID_INPUT, which says what there is; PROVIDER_AUTH."""
        name = name or self.default
        maker = self._makers.get(name)
        if maker is None:
            there = ", ".join(self._makers)
            raise RedBookError(
                Code.INVALID_INPUT,
                f"`provider`: {name[:50]} is not set up here; there is {there} (see the settings in the README)",
            )
        if name not in self._made:
            self._made[name] = maker()
        return self._made[name]

    async def aclose(self) -> None:
        for painter in self._made.values():
            await painter.aclose()


def open_painters(settings: Settings, clock: Clock) -> Painters:
    """The painters that are set up: the local one always; with an image model that one, and the hybrid of both."""
    makers: dict[str, Callable[[], Painter]] = {LOCAL: _local}
    remote = settings.remote
    if remote is not None:
        makers[remote.kind] = lambda: _remote(settings, remote, clock, with_text=True)
        makers[HYBRID] = lambda: _remote(settings, remote, clock, with_text=False)
    return Painters(makers, settings.provider)


def theme_names() -> tuple[str, ...]:
    """The themes of local cards."""
    from redbook_mcp.render.themes import theme_names as names  # noqa: PLC0415 - see the first line

    return names()


def choose_theme(topic: str, seed: int) -> str:
    """The theme that suits a topic; always the same one."""
    from redbook_mcp.render.themes import choose_theme as choose  # noqa: PLC0415 - see the first line

    return choose(topic, seed)


def palette_of(picture: bytes) -> Palette:
    """The colours of a picture, readable on one another."""
    from redbook_mcp.render.colours import palette_of as read  # noqa: PLC0415 - see the first line

    return read(picture)


def with_metadata(cards: tuple[bytes, ...], label: Literal["1", "2"], producer: str, produce_id: str) -> tuple[bytes, ...]:
    """The cards with the mark of GB 45438-2025 in their metadata; `produce_id` names the picture at its producer."""
    from redbook_mcp.storage.xmp import Aigc, with_aigc  # noqa: PLC0415 - see the first line

    return tuple(
        with_aigc(card, Aigc(label, f"{produce_id}/{part}", content_producer=producer)) for part, card in enumerate(cards, 1)
    )


def _local() -> Painter:
    from redbook_mcp.render.painter import LocalPainter  # noqa: PLC0415 - see the first line

    return LocalPainter()


def _remote(settings: Settings, remote: RemoteSettings, clock: Clock, *, with_text: bool) -> Painter:
    from redbook_mcp.painters.composed import HybridPainter, MarkedPainter  # noqa: PLC0415 - see the first line
    from redbook_mcp.prompts import image_prompt  # noqa: PLC0415 - see the first line
    from redbook_mcp.providers import remote_painter  # noqa: PLC0415 - see the first line

    painter = remote_painter(
        remote.kind,
        _config(settings, remote),
        clock=clock,
        prompt=lambda order: image_prompt(order, with_text=with_text),
        rng=SystemRandom(),
    )
    return MarkedPainter(painter) if with_text else HybridPainter(painter)


def _config(settings: Settings, remote: RemoteSettings) -> RemoteConfig:
    """Errors: PROVIDER_AUTH without a key; INVALID_INPUT for what cannot work."""
    from redbook_mcp.providers import DEFAULT_MODELS, RemoteConfig, Timeouts  # noqa: PLC0415 - see the first line

    if remote.key is None:
        raise RedBookError(
            Code.PROVIDER_AUTH,
            f"{remote.kind} has no key here: set REDBOOK_API_KEY, or paint with the provider local",
            unbilled=True,
        )
    return RemoteConfig(
        key=remote.key,
        model=remote.model or DEFAULT_MODELS[remote.kind],
        base_url=remote.base_url,
        endpoint=remote.endpoint,
        size=remote.size,
        extra=remote.extra,
        references=remote.references_as,
        reference_model=remote.reference_model,
        timeouts=Timeouts(remote.connect_timeout_s, remote.read_timeout_s, remote.download_timeout_s),
        retries=remote.retries,
        retry_unanswered=remote.retry_unanswered,
        concurrency=settings.concurrency,
    )
