"""Every name that users meet stands in the reference, and nothing else stands there."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from yett.audit.record import Refused, Result
from yett.cli.output import Exit
from yett.policy.decision import Code, Effect
from yett.settings import AuditSettings, ControlPlaneSettings, DataPlaneSettings, GrantsSettings, StateSettings, TlsSettings
from yett.settings_outside import EgressSettings, HealthSettings, OAuthSettings, RegistrySettings, SecretsSettings
from yett.settings_people import SignInSettings, SmtpSettings

DOCS: Final = Path(__file__).parents[2] / "docs"


def rows(document: str, heading: str) -> list[str]:
    """The first cells of the table under a heading, without their backticks."""
    section = (DOCS / document).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [cell.strip("` ") for cell in re.findall(r"^\| ([^|]+) \|", section, flags=re.MULTILINE)][1:]


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Decisions", Effect), ("Reason codes", Code), ("The security stream", Refused), ("Outcomes", Result)],
    ids=["decisions", "reason codes", "security stream", "outcomes"],
)
def test_every_name_of_the_log_is_explained(heading: str, names: type[Enum]) -> None:
    assert rows("reference.md", heading) == [member.value for member in names]


SECTIONS: Final = {
    "state": StateSettings,
    "data_plane": DataPlaneSettings,
    "control_plane": ControlPlaneSettings,
    "tls": TlsSettings,
    "egress": EgressSettings,
    "secrets": SecretsSettings,
    "oauth": OAuthSettings,
    "grants": GrantsSettings,
    "audit": AuditSettings,
    "health": HealthSettings,
    "registry": RegistrySettings,
    "sign_in": SignInSettings,
    "smtp": SmtpSettings,
}


def test_every_setting_is_explained() -> None:
    settings = {f"{section}.{key}" for section, struct in SECTIONS.items() for key in struct.__struct_fields__}
    explained = {name.strip("` ") for cell in rows("operations.md", "Configuration") for name in cell.split(",")}
    named = {"servers.credentials", "servers.commands.<name>", "policies.<name>", "sign_in.providers.<name>"}
    assert explained == settings - {"sign_in.providers"} | named


def test_every_exit_code_is_explained() -> None:
    assert rows("reference.md", "Exit codes") == [str(int(status)) for status in Exit]
