"""The settings put together how people hear of calls that wait; a real control plane then tells them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.admin.approval_notices.receiver import Receiver, receiving
from tests.admin.asking import asked, request
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from yett.admin.webhook_signing import secret_of
from yett.app.approval_notices import notice_rounds, slack_decisions
from yett.errors import OperatorFault
from yett.settings import Settings, load_settings

SECRET = secret_of(b"k" * 32)


def until_told(receiver: Receiver) -> None:
    until = time.monotonic() + 15
    while not receiver.came and time.monotonic() < until:
        time.sleep(0.01)


@pytest.fixture
def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    def read(toml: str) -> Settings:
        (tmp_path / "yett.toml").write_text(f'[state]\ndirectory = "{tmp_path}"\n{toml}')
        return load_settings(tmp_path / "yett.toml", {})

    tmp_path.chmod(0o700)
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.setenv("PUSH", "nonsense")
    return read


def test_where_nobody_is_to_be_told_there_are_no_rounds(house: House, settings_of: Callable[[str], Settings]) -> None:
    settings = settings_of("")
    assert notice_rounds(settings, house.desk, 1) is None
    assert slack_decisions(settings, house.desk) is None


def test_each_way_of_the_settings_is_a_channel_of_its_own(house: House, settings_of: Callable[[str], Settings]) -> None:
    settings = settings_of(
        '[approvals.webhook]\nurl = "https://a.example/x"\nsecret = "env:HOOK"\n[approvals.mail]\n'
        '[smtp]\nhost = "m"\nsender = "a@b"\n'
        '[approvals.slack]\nchannel = "C"\ntoken = "env:HOOK"\nsigning_secret = "env:HOOK"\n'
    )
    rounds = notice_rounds(settings, house.desk, 1)
    assert rounds is not None
    assert [channel.name for channel in rounds.channels] == ["webhook", "mail", "slack"]
    assert slack_decisions(settings, house.desk) is not None


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # the library's own affair
def test_a_reference_that_leads_nowhere_stops_the_start(house: House, settings_of: Callable[[str], Settings]) -> None:
    with pytest.raises(OperatorFault, match="does not lead to an Apprise URL"):
        notice_rounds(settings_of('[approvals]\napprise = ["env:PUSH"]\n'), house.desk, 1)


def test_a_running_control_plane_tells_of_a_call_that_waits(
    house: House, settings_of: Callable[[str], Settings], tmp_path: Path
) -> None:
    with receiving() as receiver:
        settings = settings_of(
            f'[approvals.webhook]\nurl = "{receiver.url}/hook"\nsecret = "env:HOOK"\n[egress]\nallow = ["127.0.0.1"]\n'
        )
        asked(tmp_path / "state.db", house.clock.now_ns(), request(timeout_s=10**6))
        rounds = notice_rounds(settings, house.desk, 8701)
        assert rounds is not None

        async def watch() -> None:
            async with asyncio.timeout(20):
                watching = asyncio.create_task(rounds.watch())
                await asyncio.to_thread(until_told, receiver)
                watching.cancel()

        asyncio.run(watch())
        [told] = receiver.bodies()
        assert told["data"][0]["url"].startswith("http://127.0.0.1:8701/approvals/ap_")
