"""The section about approvals."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.settings import Settings, read_settings

SLACK = '[approvals.slack]\nchannel = "C1"\ntoken = "env:SLACK"\nsigning_secret = "file:/run/slack"\n'
SMTP = '[smtp]\nhost = "mail.example"\nsender = "yett@example.com"\n'


def read(tmp_path: Path, toml: str) -> Settings:
    (tmp_path / "yett.toml").write_text(toml)
    return read_settings(tmp_path / "yett.toml", {})


def test_without_it_calls_are_answered_at_once_and_nobody_is_told(tmp_path: Path) -> None:
    own = read(tmp_path, "").approvals
    assert (own.hold_s, own.pending_per_grant, own.webhook, own.mail, own.slack, own.apprise) == (0, 20, None, None, None, ())


def test_every_way_to_people_is_read(tmp_path: Path) -> None:
    own = read(
        tmp_path,
        '[approvals]\nhold_s = 60\nmask = ["headers.*"]\napprise = ["env:PUSH"]\n'
        f'[approvals.webhook]\nurl = "https://a.example"\nsecret = "env:HOOK"\n{SLACK}[approvals.mail]\n{SMTP}',
    ).approvals
    assert own.webhook is not None and own.slack is not None and own.mail is not None
    assert (own.hold_s, own.mask, own.apprise, own.mail.to) == (60, ("headers.*",), ("env:PUSH",), ("approvers",))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[approvals.mail]\n", "`approvals.mail` needs a mail server"),
        (SLACK.replace("env:SLACK", "xoxb-1"), "`approvals.slack.token` is no reference"),
        (SLACK.replace("file:/run/slack", "secret"), "`approvals.slack.signing_secret` is no reference"),
        ('[approvals.webhook]\nurl = "https://a.example"\nsecret = "whsec_x"\n', "`approvals.webhook.secret` is no reference"),
        ('[approvals]\napprise = ["json://a"]\n', "`approvals.apprise\\[0\\]` is no reference"),
        ("[approvals]\nhold_s = 601\n", "approvals.hold_s"),
        ("[approvals]\npending_per_grant = 0\n", "approvals.pending_per_grant"),
        ("[approvals]\nholds = 1\n", "holds"),
    ],
)
def test_what_contradicts_itself_stops_the_start_with_place_and_remedy(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(OperatorFault, match=said):
        read(tmp_path, toml)
