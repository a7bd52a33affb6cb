"""Settings: the original's variables as they stand, ours beside them, and every fault at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from redbook_mcp.settings import Settings, SettingsError, load_settings
from redbook_mcp.settings_environment import KNOWN, Environment

KEY = "sk-not-for-anyone-0123456789"
ORIGINAL = {
    "IMAGE_API_URL": "https://api.example.com",
    "IMAGE_API_KEY": KEY,
    "IMAGE_MODEL": "gpt-image-2",
    "ENDPOINTS": "/v1/images/generations",
    "DATA_DIR": "data",
}


def load(**environ: str) -> Settings:
    return load_settings({"HOME": "/home/me", **environ})


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    return caught.value.problems


def test_nothing_set_paints_locally() -> None:
    settings = load_settings({"HOME": "/home/me"})
    assert (settings.provider, settings.remote, settings.images_per_day, settings.warnings) == ("local", None, None, ())
    assert (settings.pages_per_run, settings.concurrency) == (18, 1)


def test_the_original_five_count_as_they_stand() -> None:
    settings = load(**ORIGINAL)
    assert settings.provider == "openai"
    assert settings.remote is not None
    assert settings.remote.key is not None
    assert settings.remote.key.reveal() == KEY
    assert (settings.remote.kind, settings.remote.base_url, settings.remote.model, settings.remote.endpoint) == (
        "openai", "https://api.example.com", "gpt-image-2", "/v1/images/generations",
    )  # fmt: skip
    assert settings.data_dir == Path.cwd() / "data"


def test_the_chat_endpoint_of_the_original_is_the_chat_dialect() -> None:
    assert load(**{**ORIGINAL, "ENDPOINTS": "/v1/chat/completions"}).provider == "chat"
    assert "ENDPOINTS must be" in problems(**{**ORIGINAL, "ENDPOINTS": "/v1/other"})[0]


@pytest.mark.parametrize("missing", ["IMAGE_API_URL", "IMAGE_MODEL", "ENDPOINTS"])
def test_a_key_without_the_others_says_what_is_missing(missing: str) -> None:
    assert missing in problems(**{**ORIGINAL, missing: ""})[0]
    # A provider that is named has defaults for them.
    assert load(**{**ORIGINAL, missing: ""}, REDBOOK_PROVIDER="openai").provider == "openai"


def test_the_original_without_its_key_starts_and_paints_locally() -> None:
    settings = load(**{**ORIGINAL, "IMAGE_API_KEY": " "})
    assert (settings.provider, settings.remote) == ("local", None)
    assert "IMAGE_API_KEY" in settings.warnings[0]
    assert load(ENDPOINTS="https://somebody-elses.example").warnings == ()


@pytest.mark.parametrize("provider", ["hybrid", "openai", "gemini", "chat", "seedream", "dashscope"])
def test_a_provider_without_a_key_starts_and_says_so(provider: str) -> None:
    settings = load(REDBOOK_PROVIDER=provider)
    assert settings.provider == provider
    assert settings.remote is not None
    assert settings.remote.key is None
    assert "no key is set" in settings.warnings[0]


def test_local_with_a_key_offers_the_image_model_beside_it() -> None:
    settings = load(REDBOOK_PROVIDER="local", REDBOOK_REMOTE="gemini", REDBOOK_API_KEY=KEY)
    assert settings.provider == "local"
    assert settings.remote is not None
    assert settings.remote.kind == "gemini"
    assert load(REDBOOK_PROVIDER="local", REDBOOK_REMOTE="gemini").remote is None


def test_hybrid_takes_the_image_model_that_is_named() -> None:
    remote = load(REDBOOK_PROVIDER="hybrid", REDBOOK_REMOTE="seedream", REDBOOK_API_KEY=KEY).remote
    assert remote is not None
    assert remote.kind == "seedream"
    remote = load(**ORIGINAL, REDBOOK_PROVIDER="hybrid").remote
    assert remote is not None
    assert remote.kind == "openai"


def test_a_key_without_a_provider_is_refused() -> None:
    assert "whose key it is" in problems(REDBOOK_API_KEY=KEY)[0]
    assert load(REDBOOK_API_KEY=KEY, REDBOOK_REMOTE="gemini").provider == "gemini"


@pytest.mark.parametrize(
    "environ",
    [
        {"REDBOOK_PROVIDER": "openai", "REDBOOK_REMOTE": "gemini"},
        {"REDBOOK_PROVIDER": "gemini", "ENDPOINTS": "/v1/chat/completions"},
        {"REDBOOK_API_KEY": KEY, "IMAGE_API_KEY": "another", "REDBOOK_PROVIDER": "openai"},
        {"REDBOOK_MODEL": "a", "IMAGE_MODEL": "b"},
        {"REDBOOK_BASE_URL": "https://a.example", "IMAGE_API_URL": "https://b.example"},
        {"REDBOOK_DATA_DIR": "/a", "DATA_DIR": "/b"},
    ],
)
def test_what_contradicts_itself_is_refused(environ: dict[str, str]) -> None:
    assert len(problems(**environ)) == 1


def test_a_key_may_stand_in_a_file_or_in_another_variable(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    for environ in (
        {"REDBOOK_API_KEY_FILE": str(file)},
        {"REDBOOK_API_KEY": f"file:{file}"},
        {"REDBOOK_API_KEY": "env:MY_KEY", "MY_KEY": KEY},
        {"REDBOOK_API_KEY": KEY},
    ):
        remote = load(**environ, REDBOOK_PROVIDER="gemini").remote
        assert remote is not None
        assert remote.key is not None
        assert remote.key.reveal() == KEY


def test_a_key_that_cannot_be_had_is_said_without_being_shown(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\0")
    for reference in (f"file:{tmp_path}/none", f"file:{tmp_path}", f"file:{tmp_path}/pipe", f"file:{tmp_path}/binary", "env:NONE",
                      f"{KEY} and more", "file:\0"):  # fmt: skip
        told = problems(REDBOOK_API_KEY=reference, REDBOOK_PROVIDER="openai")
        assert len(told) == 1
        assert told[0].startswith("REDBOOK_API_KEY")
        assert KEY not in told[0]


def test_no_secret_shows_in_the_settings() -> None:
    settings = load(**ORIGINAL, REDBOOK_HTTP_TOKEN="token-0123456789abcdef", REDBOOK_EXTRA='{"auth": "hidden-value"}')
    shown = repr(settings) + str(settings)
    assert KEY not in shown
    assert "token-0123456789abcdef" not in shown
    assert "hidden-value" not in shown


def test_every_fault_is_told_at_once_with_its_variable() -> None:
    told = problems(
        REDBOOK_PROVIDER="opnai", REDBOOK_CONCURRENCY="9", REDBOOK_RETRIES="-1", REDBOOK_READ_TIMEOUT_S="0",
        REDBOOK_PAGES_PER_RUN="19", REDBOOK_IMAGES_PER_DAY="many", REDBOOK_AI_LABEL="off", REDBOOK_WATERMARK="a\nb",
        REDBOOK_WATERMARK_CORNER="middle", REDBOOK_THEME="../x", REDBOOK_EXTRA="[1]", REDBOOK_BASE_URL="ftp://x",
        REDBOOK_HTTP_TOKEN="short", REDBOOK_REFERENCE_DIRS="/", REDBOOK_CONCURENCY="2", REDBOOK_NONSENSE_AT_ALL="1",
    )  # fmt: skip
    text = "\n".join(told)
    for expected in (
        "did you mean openai?", "REDBOOK_CONCURRENCY must be a whole number from 1 to 8", "REDBOOK_RETRIES",
        "REDBOOK_READ_TIMEOUT_S",
        "REDBOOK_PAGES_PER_RUN must be a whole number from 1 to 18", "REDBOOK_IMAGES_PER_DAY", "REDBOOK_AI_LABEL must be",
        "REDBOOK_WATERMARK must be", "REDBOOK_WATERMARK_CORNER", "REDBOOK_THEME", "REDBOOK_EXTRA", "REDBOOK_BASE_URL",
        "REDBOOK_HTTP_TOKEN must have at least 16", "REDBOOK_REFERENCE_DIRS", "did you mean REDBOOK_CONCURRENCY?",
        "REDBOOK_NONSENSE_AT_ALL is no setting",
    ):  # fmt: skip
        assert expected in text
    assert len(told) == 16


def test_each_limit_itself_is_taken() -> None:
    settings = load(REDBOOK_CONCURRENCY="8", REDBOOK_PAGES_PER_RUN="1", REDBOOK_IMAGES_PER_DAY="0", REDBOOK_WATERMARK="水" * 40)
    assert (settings.concurrency, settings.pages_per_run, settings.images_per_day, settings.watermark) == (8, 1, 0, "水" * 40)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "3601", "ten", "1e999"])
def test_a_timeout_is_a_number_of_seconds(value: str) -> None:
    assert "REDBOOK_CONNECT_TIMEOUT_S" in problems(REDBOOK_CONNECT_TIMEOUT_S=value)[0]


def test_addresses_hold_no_user_and_no_query() -> None:
    for address in (
        "https://me:secret@x.example",
        "https://x.example?key=1",
        "x.example",
        "https://",
        "https://[::1",
        "file:///etc",
    ):
        told = problems(REDBOOK_BASE_URL=address)
        assert "REDBOOK_BASE_URL" in told[0]
        assert "secret" not in told[0]


def test_what_an_orchestrator_sets_is_no_slip_of_the_pen() -> None:
    load(REDBOOK_SERVICE_HOST="10.0.0.1", REDBOOK_PORT="tcp://10.0.0.1:80", REDBOOK_PORT_80_TCP_ADDR="10.0.0.1")


def test_every_known_variable_is_read() -> None:
    asked: set[str] = set()

    class Listening(Environment):
        def text(self, name: str) -> str | None:
            asked.add(name)
            return super().text(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("redbook_mcp.settings.Environment", Listening)
        load()
    assert set(KNOWN) <= asked


def test_the_data_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert load().data_dir == Path("/home/me/.local/share/redbook")
    assert load(XDG_DATA_HOME="/data").data_dir == Path("/data/redbook")
    assert load(XDG_DATA_HOME="relative").data_dir == Path("/home/me/.local/share/redbook")
    assert load(REDBOOK_DATA_DIR="/here").data_dir == Path("/here")
    assert load(REDBOOK_DATA_DIR="/here").reference_dirs == (Path("/here/references"),)
    monkeypatch.setattr("sys.platform", "darwin")
    assert load().data_dir == Path("/home/me/Library/Application Support/redbook")


def test_reference_folders_are_absolute_and_missing_ones_are_warned_of(tmp_path: Path) -> None:
    settings = load(REDBOOK_REFERENCE_DIRS=f"{tmp_path}{os.pathsep} {tmp_path}/none ")
    assert settings.reference_dirs == (tmp_path, tmp_path / "none")
    assert "none" in settings.warnings[0]
    assert "absolute" in problems(REDBOOK_REFERENCE_DIRS="pictures")[0]


def test_labels_follow_who_painted() -> None:
    shown = {
        mode: [load(REDBOOK_AI_LABEL=mode).visible_label(remote=remote) for remote in (True, False)]
        for mode in ("auto", "always", "never")
    }
    assert shown == {"auto": ["AI生成", None], "always": ["AI生成", "AI生成"], "never": [None, None]}
    marked = {
        mode: [load(REDBOOK_AI_LABEL=mode).metadata_label(remote=remote) for remote in (True, False)]
        for mode in ("auto", "always", "never")
    }
    assert marked == {"auto": ["1", None], "always": ["1", "2"], "never": ["1", None]}


def test_a_label_that_does_not_say_what_it_must_is_warned_of() -> None:
    assert load(REDBOOK_AI_LABEL_TEXT="人工智能合成").warnings == ()
    assert "GB 45438" in load(REDBOOK_AI_LABEL_TEXT="我画的").warnings[0]
