"""Lines and columns of JSON Pointers."""

from __future__ import annotations

import json

import pytest

from yett.cli.policy_places import START, Place, place_of, places_in

JSON = '{\n  "a": [1,\n    {"b/c": "}"}, [], "\\"x,"],\n  "d": {}, "é": null\n}'
YAML = 'a:\n  - 1\n  - b/c: "}"\n  - []\n  - x\n"d": {}\né: ~\n'


def test_keys_stand_at_their_names_and_elements_at_their_start() -> None:
    assert places_in(JSON, yaml=False) == {
        "": Place(1, 1),
        "/a": Place(2, 3),
        "/a/0": Place(2, 9),
        "/a/1": Place(3, 5),
        "/a/1/b~1c": Place(3, 6),
        "/a/2": Place(3, 19),
        "/a/3": Place(3, 23),
        "/d": Place(4, 3),
        "/é": Place(4, 12),
    }


def test_yaml_has_the_same_pointers() -> None:
    found = places_in(YAML, yaml=True)
    assert found.keys() == places_in(JSON, yaml=False).keys()
    assert found["/a/1/b~1c"] == Place(3, 5)
    assert found["/d"] == Place(6, 1)


def test_a_pointer_to_nothing_stands_where_the_nearest_thing_around_it_does() -> None:
    found = places_in(JSON, yaml=False)
    assert place_of("/a/1/x/y", found) == Place(3, 5)
    assert place_of("/version", found) == Place(1, 1)
    assert place_of("/x", {}) == START


@pytest.mark.parametrize("text", ["", "}", "]]", '{"a": ', '{"a" 1}', '{"\\x": 1}', "[,]", "{,}", ":", '"', "{1: 2}"])
@pytest.mark.parametrize("yaml", [False, True])
def test_a_text_that_is_broken_off_does_no_harm(text: str, yaml: bool) -> None:
    assert isinstance(places_in(text, yaml=yaml), dict)


def test_a_long_text_is_read_in_a_moment() -> None:
    text = json.dumps({f"key{number}": [number] for number in range(20_000)}, indent=1)
    assert len(places_in(text, yaml=False)) == 40_001
