"""Settings: one file, the environment over it, and nothing unknown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.settings import Settings, load_settings, read_settings


def settings_of(tmp_path: Path, toml: str = "", **environment: str) -> Settings:
    path = tmp_path / "yett.toml"
    path.write_text(toml)
    return load_settings(path, {"YETT_STATE_DIRECTORY": str(tmp_path / "state"), **environment})


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert (settings.data_plane.host, settings.data_plane.port) == ("127.0.0.1", 8700)
    assert (settings.control_plane.host, settings.control_plane.port) == ("127.0.0.1", 8701)
    assert (settings.audit.mode, settings.audit.fsync) == ("strict", False)
    assert settings.config_path == tmp_path / "yett.toml"


def test_the_state_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert stat.S_IMODE(settings.state_dir.stat().st_mode) == 0o700


def test_a_state_directory_that_others_may_write_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    with pytest.raises(OperatorFault, match=r"others may write in the state directory .* run `chmod 700"):
        settings_of(tmp_path)


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault, match=r"cannot make the state directory .*state\.directory"):
        settings_of(tmp_path, YETT_STATE_DIRECTORY=str(tmp_path / "file" / "state"))


def test_a_relative_state_directory_is_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "yett.toml"
    path.write_text('[state]\ndirectory = "here"\n')
    assert read_settings(path, {}).state_dir == tmp_path / "here"


def test_every_section_is_read(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
        [data_plane]
        port = 0
        allowed_hosts = ["gate.example"]
        upstream_timeout_s = 5
        [audit]
        mode = "relaxed"
        [servers.commands.time]
        argv = ["mcp-server-time"]
        env = { TZ = "UTC" }
        [policies]
        strict = "policies/strict.json"
        """,
    )
    assert settings.data_plane.port == 0
    assert settings.data_plane.allowed_hosts == ("gate.example",)
    assert settings.data_plane.upstream_timeout_s == 5.0
    assert settings.audit.mode == "relaxed"
    assert settings.servers.commands["time"].argv == ("mcp-server-time",)
    assert settings.policies == {"strict": tmp_path / "policies/strict.json"}


def test_the_files_of_tls_are_relative_to_the_file_and_in_the_environment_to_where_we_are(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "[tls]\ncertificate = 'c.pem'\nkey = '/k.pem'", YETT_TLS_CA="ca.pem")
    assert settings.tls.certificate == str(tmp_path / "c.pem")
    assert (settings.tls.key, settings.tls.ca) == ("/k.pem", str(Path("ca.pem").absolute()))


@pytest.mark.parametrize(("given", "missing"), [("certificate", "key"), ("key", "certificate")])
def test_half_a_pair_for_tls_is_refused(tmp_path: Path, given: str, missing: str) -> None:
    with pytest.raises(OperatorFault, match=rf"`tls\.{missing}` is missing"):
        settings_of(tmp_path, f"[tls]\n{given} = 'x.pem'")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        "[data_plane]\nport = 1\n",
        YETT_DATA_PLANE_PORT="2",
        YETT_DATA_PLANE_ALLOWED_HOSTS="a.example, b.example",
        YETT_AUDIT_FSYNC="true",
    )
    assert settings.data_plane.port == 2
    assert settings.data_plane.allowed_hosts == ("a.example", "b.example")
    assert settings.audit.fsync is True


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    assert settings_of(tmp_path, YETT_DATA_PLANE_PORT="").data_plane.port == 8700


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[data_plane]\nprot = 1", "unknown key `prot` in `[data_plane]`, did you mean `port`?"),
        ("[dataplane]\nport = 1", "unknown key `dataplane`, did you mean `data_plane`?"),
        ("[servers.commands.a]\nargv = ['x']\nenviron = {}", "unknown key `environ`"),
        ("[servers.commands.a]\nargs = ['x']", "did you mean `argv`?"),
        ("[servers]\ncomands = {}", "unknown key `comands` in `[servers]`, did you mean `commands`?"),
        ("[tls]\ncertficate = 'x'", "unknown key `certficate` in `[tls]`, did you mean `certificate`?"),
        ("[data_plane]\ntrusted_proxy = []", "did you mean `trusted_proxies`?"),
        ("[data_plane]\nin_flight_max = 0", "`data_plane.in_flight_max`: expected `int` >= 1"),
        ("[data_plane]\ndrain_s = -1", "`data_plane.drain_s`: expected `float` >= 0"),
        ("[data_plane]\nresume_s = -1", "`data_plane.resume_s`: expected `float` >= 0"),
        ("[data_plane]\nresume_bytes_max = 0", "`data_plane.resume_bytes_max`: expected `int` >= 1"),
        ("[data_plane]\nquiet_stream_s = 90000", "`data_plane.quiet_stream_s`: expected `float` <= 86400"),
        ("[audit]\nzzz = 1", "known are `mode`, `fsync`"),
        ("[data_plane]\nport = '1'", "`data_plane.port`: expected `int`, got `str`"),
        ("[data_plane]\nport = 70000", "`data_plane.port`: expected `int` <= 65535"),
        ("[audit]\nmode = 'loose'", "`audit.mode`: invalid enum value 'loose'"),
        ("[servers.commands.a]\nargv = []", "expected `array` of length >= 1"),
        ("data_plane = 1", "`data_plane`: expected `object`, got `int`"),
        ("[data_plane", "is not valid TOML"),
    ],
)
def test_what_the_file_says_wrong_is_named_with_its_place(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(OperatorFault) as error:
        settings_of(tmp_path, toml)
    assert message in str(error.value)
    assert str(tmp_path / "yett.toml") in str(error.value)


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("YETT_DATA_PLANE_PROT", "did you mean `YETT_DATA_PLANE_PORT`?"),
        ("YETT_DATAPLANE_PORT", "did you mean `YETT_DATA_PLANE_PORT`?"),
        ("YETT_AUDIT_COLOUR", "unknown variable `YETT_AUDIT_COLOUR`"),
    ],
)
def test_a_mistyped_variable_is_refused(tmp_path: Path, variable: str, message: str) -> None:
    with pytest.raises(OperatorFault) as error:
        settings_of(tmp_path, **{variable: "1"})
    assert message in str(error.value)


def test_a_variable_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match=r"the variable `YETT_DATA_PLANE_PORT`: expected `int`"):
        settings_of(tmp_path, YETT_DATA_PLANE_PORT="tcp://10.0.0.1:80")


def test_variables_that_an_orchestrator_makes_for_a_service_called_yett_are_let_be(tmp_path: Path) -> None:
    settings_of(tmp_path, YETT_SERVICE_HOST="10.0.0.1", YETT_PORT_8700_TCP_ADDR="10.0.0.1", YETT_TOKEN="x")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match=r"cannot read the configuration file .*none\.toml"):
        read_settings(tmp_path / "none.toml", {})
    with pytest.raises(OperatorFault, match=r"cannot read the configuration file .*none\.toml"):
        read_settings(None, {"YETT_CONFIG": str(tmp_path / "none.toml")})


def test_the_named_file_wins_over_the_variable_and_the_variable_over_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, port in (("yett", 1), ("variable", 2), ("named", 3)):
        (tmp_path / f"{name}.toml").write_text(f"[data_plane]\nport = {port}\n")
    monkeypatch.chdir(tmp_path)
    variable = {"YETT_CONFIG": "variable.toml"}
    assert read_settings(None, {}).data_plane.port == 1
    assert read_settings(None, variable).data_plane.port == 2
    assert read_settings(tmp_path / "named.toml", variable).data_plane.port == 3


def test_without_any_file_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_settings(None, {}).config_path is None
