"""What is wrong with a policy, said so that a person can mend it."""

from __future__ import annotations

from yett.errors import ClientFault
from yett.policy.errors import PolicyError, PolicyErrors, escape_token, nearest, pointer_join


def test_pointers_are_escaped() -> None:
    assert pointer_join("/tools", "a/b~c", 0, "") == "/tools/a~1b~0c/0/"
    assert escape_token("~1") == "~01"


def test_an_error_names_place_message_and_hint() -> None:
    assert str(PolicyError("/tolls", "unknown key `tolls`", "did you mean `tools`?")) == (
        "at `/tolls`: unknown key `tolls`; did you mean `tools`?"
    )
    assert str(PolicyError("", "too large")) == "too large"


def test_all_errors_are_kept_and_the_first_is_shown() -> None:
    errors = PolicyErrors([PolicyError("/a", "no"), PolicyError("/b", "no")])
    assert str(errors) == "policy refused: at `/a`: no (and 1 more)"
    assert [error.pointer for error in errors.errors] == ["/a", "/b"]
    assert isinstance(errors, ClientFault)


def test_the_nearest_word_is_offered_or_all_where_they_are_few() -> None:
    assert nearest("toolz", ["tools", "risk"]) == "did you mean `tools`?"
    assert nearest("xyz", ["tools", "risk"]) == "known are `tools`, `risk`"
    assert nearest("xyz", [str(number) * 3 for number in range(17)]) is None
