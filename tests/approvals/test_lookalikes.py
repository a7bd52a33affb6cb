"""Characters that people would misread are found, and texts of other languages stay as they are."""

from __future__ import annotations

import pytest

from yett.approvals.lookalikes import MARKS_MAX, hidden


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("p\u0430ypal.com", "\u0430"),
        ("\u0440\u0430\u0443.example", "\u0440\u0430\u0443"),  # a whole word that looks Latin, beside Latin
        ("\u0441\u043e\u0440", "\u0441\u043e\u0440"),  # nothing tells that it is Cyrillic
        ("\u0391dmin", "\u0391"),
        ("rm -\u0433f", "\u0433"),
        ("\u13a1oot", "\u13a1"),
        ("\U0001d429ay", "\U0001d429"),
        ("p\uff41y", "\uff41"),
        ("good.example\u2215evil.example", "\u2215"),
        ("https\ua789//a", "\ua789"),
        ("5\u03380", "\u0338"),
        ("pay\u200b", "\u200b"),
        ("a\u202eb", "\u202e"),
    ],
)
def test_what_is_taken_for_something_else_is_found(text: str, marked: str) -> None:
    assert "".join(text[at] for at in sorted(hidden(text))) == marked


@pytest.mark.parametrize(
    "text",
    [
        "Перевод с карты: оса и сор, также о встрече",
        "Слово в Slack: встреча с Анной",
        "Πληρωμή στον λογαριασμό",
        "支払い（至急）API v2",
        "שלום عمر ไทย हिन्दी 한국어",
        "Zu\u0308rich Zürich naïve",
        "Առաջարկ",
        "10 € – 20 % … “quoted” 😀",
    ],
)
def test_texts_of_other_languages_stay_as_they_are(text: str) -> None:
    assert hidden(text) == set()


def test_marks_are_not_heaped() -> None:
    heap = "\u05d0" + "\u05b0" * (MARKS_MAX + 2)
    assert hidden(heap) == {MARKS_MAX + 1, MARKS_MAX + 2}
