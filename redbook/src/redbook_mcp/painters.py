"""Which painters there are, by the names that callers choose them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.model import Palette
from redbook_mcp.ports import Painter

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
        """The painter of that name, or the default one. Errors: INVALID_INPUT, which says what there is."""
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


def choose_theme(topic: str, seed: int) -> str:
    """The theme that suits a topic; always the same one."""
    from redbook_mcp.render.painter import choose_theme as choose  # noqa: PLC0415 - fonts and Pillow are loaded when needed

    return choose(topic, seed)


def palette_of(picture: bytes) -> Palette:
    """The colours of a picture, readable on one another."""
    from redbook_mcp.render.painter import palette_of as read  # noqa: PLC0415 - fonts and Pillow are loaded when needed

    return read(picture)
