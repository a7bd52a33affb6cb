"""A house with a real store, a clock that stands still, and a painter that paints plain cards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from redbook_mcp.generation.asking import Request, Rules
from redbook_mcp.generation.orders import House
from redbook_mcp.generation.outlines import Draft, create
from redbook_mcp.generation.references import References
from redbook_mcp.generation.service import Generation
from redbook_mcp.model import Page, Project
from redbook_mcp.outline import parse_outline
from redbook_mcp.painters import Painters
from redbook_mcp.storage import FileProjects
from tests.redbook.fakes import FakeClock, FakePainter

OUTLINE = "\n".join(
    f"<page>[{'封面' if number == 1 else '内容'}]\n标题：第{number}页\n第{number}页的内容</page>" for number in range(1, 5)
)


@dataclass
class Bench:
    """All parts of one house."""

    house: House
    clock: FakeClock
    painter: FakePainter
    local: FakePainter
    generation: Generation
    folder: Path

    def project(self, pages: int = 4, **more: object) -> Project:
        """A stored project."""
        outline = parse_outline(OUTLINE)[:pages]
        return create(self.house, Draft("手冲咖啡", outline, **more))  # type: ignore[arg-type]  # the tests' own keywords

    def stored(self, project: Project) -> Project:
        return self.house.projects.get(project.id)

    def again(self) -> Generation:
        """Another server over the same folder."""
        return bench(self.folder, self.clock, self.painter, self.house.rules).generation


def bench(folder: Path, clock: FakeClock, painter: FakePainter, rules: Rules) -> Bench:
    projects = FileProjects(folder / "data", clock, lock_wait_s=5)
    (folder / "pictures").mkdir(exist_ok=True)
    house = House(projects, References(projects, [folder / "pictures"]), clock, rules)
    local = FakePainter("local", is_remote=False)
    painters = Painters({"openai": lambda: painter, "local": lambda: local}, "openai")
    return Bench(house, clock, painter, local, Generation(house, painters), folder)


def make_bench(folder: Path, **rules: object) -> Bench:
    return bench(folder, FakeClock(), FakePainter(), replace(Rules(theme="plain"), **rules))  # type: ignore[arg-type]  # the tests' own keywords


def request(project: Project, *pages: int, **more: object) -> Request:
    return Request(project.id, pages or None, **more)  # type: ignore[arg-type]  # the tests' own keywords


def rewritten(page: Page, content: str = "另一段文字") -> Page:
    return replace(page, content=content)
