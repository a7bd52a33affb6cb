"""The sections about people."""

from __future__ import annotations

from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.settings import read_settings

CORP = '[sign_in.providers.corp]\nissuer = "https://id.example"\nclient_id = "yett"\n'


def read(tmp_path: Path, toml: str, **environment: str) -> object:
    (tmp_path / "yett.toml").write_text(toml)
    return read_settings(tmp_path / "yett.toml", environment)


def test_a_provider_and_a_mail_server_are_read(tmp_path: Path) -> None:
    (tmp_path / "yett.toml").write_text(
        f'{CORP}client_secret = "env:CORP"\n[smtp]\nhost = "mail.example"\nsender = "yett@example.com"\n'
    )
    settings = read_settings(tmp_path / "yett.toml", {"YETT_SIGN_IN_MAIL": "true", "YETT_SMTP_PORT": "25"})
    assert settings.sign_in.mail
    assert settings.sign_in.providers["corp"].scopes == ("openid", "email", "profile")
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.security) == ("mail.example", 25, "starttls")
    assert settings.sign_in.newcomers == "refuse"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[sign_in]\nmail = true\n", "`sign_in.mail` needs a mail server"),
        ('[smtp]\nhost = "mail.example"\n', "both `host` and `sender`"),
        ('[smtp]\nhost = "m"\nsender = "a@b"\nuser = "x"\n', "both `user` and `password`"),
        ('[smtp]\nhost = "m"\nsender = "a@b"\nuser = "x"\npassword = "secret"\n', "never the secret itself"),
        (CORP.replace("https://id.example", "id.example"), "no url of an issuer"),
        (CORP.replace("corp", "Corp"), "a provider's name"),
        (f'{CORP}client_secret = "secret"\n', "is no reference"),
        (f'{CORP}scopes = ["email"]\n', "must have `openid`"),
        (f'{CORP}issuers = "x"\n', "did you mean `issuer`"),
        ("[sign_in]\nnewcomers = 'all'\n", "sign_in.newcomers"),
        ("[sign_in]\npassword = true\n", "did you mean `passwords`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(OperatorFault) as caught:
        read(tmp_path, toml)
    assert said in str(caught.value)
    assert "secret itself" in str(caught.value) or '"secret"' not in str(caught.value)


def test_providers_cannot_come_from_a_variable(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="unknown variable `YETT_SIGN_IN_PROVIDERS`"):
        read(tmp_path, "", YETT_SIGN_IN_PROVIDERS="x")
