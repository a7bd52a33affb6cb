"""The mark of generated pictures: there for whoever reads XMP, beside all that was there, with the pixels untouched."""

from __future__ import annotations

import json
import zlib
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.storage.xmp import Aigc, aigc_of, with_aigc
from tests.redbook.storage.samples import a_card

MARK = Aigc("1", "6f9619ff/2/v3", content_producer='小红 & Co. <"AI">')
KEYWORD = "XML:com.adobe.xmp"
OTHERS = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<r:Description r:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="相机"/></r:RDF></x:xmpmeta>'
)


def card_with(xmp: str, *, compressed: bool = False, keyword: str = KEYWORD) -> bytes:
    metadata = PngInfo()
    metadata.add_itxt(keyword, xmp, zip=compressed)
    metadata.add_text("Author", "me")
    buffer = BytesIO()
    Image.new("RGB", (30, 40), "green").save(buffer, "PNG", pnginfo=metadata)
    return buffer.getvalue()


def theirs(label: str) -> str:
    value = json.dumps({"Label": label, "ContentProducer": "somebody"}).replace('"', "&quot;")
    return OTHERS.replace(
        "</r:RDF>",
        f'<r:Description xmlns:A="http://www.tc260.org.cn/ns/AIGC/1.0"><A:AIGC>{value}</A:AIGC></r:Description></r:RDF>',
    )


def test_the_mark_is_read_back_and_the_pixels_are_untouched() -> None:
    card = a_card()
    marked = with_aigc(card, MARK)
    assert aigc_of(card) is None
    assert aigc_of(marked) == MARK
    with Image.open(BytesIO(card)) as before, Image.open(BytesIO(marked)) as after:
        assert before.tobytes() == after.tobytes()
    assert card[8:33] in marked
    assert card[33:] in marked


def test_others_read_the_seven_texts_in_the_standards_namespace() -> None:
    with Image.open(BytesIO(with_aigc(a_card(), MARK))) as image:
        packet = image.info[KEYWORD]
        assert image.info["xmp"] == packet.encode()
    found = ET.fromstring(packet).find(".//{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC")
    assert found is not None
    value = json.loads(found.text or "")
    assert list(value) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip
    assert all(isinstance(text, str) for text in value.values())
    assert (value["Label"], value["ProduceID"], value["ContentProducer"]) == ("1", MARK.produce_id, MARK.content_producer)


@pytest.mark.parametrize("compressed", [False, True])
def test_others_metadata_stays(*, compressed: bool) -> None:
    marked = with_aigc(card_with(OTHERS, compressed=compressed), MARK)
    assert aigc_of(marked) == MARK
    with Image.open(BytesIO(marked)) as image:
        packet = image.info[KEYWORD]
        assert image.info["Author"] == "me"
    assert 'dc:source="相机"' in packet
    assert marked.count(KEYWORD.encode()) == 1


@pytest.mark.parametrize("label", ["1", "2", "3"])
def test_a_mark_that_is_there_stays_as_it_is(label: str) -> None:
    card = card_with(theirs(label))
    assert with_aigc(card, MARK) == card
    found = aigc_of(card)
    assert found is not None
    assert (found.label, found.content_producer) == (label, "somebody")


def test_marking_twice_is_marking_once() -> None:
    marked = with_aigc(a_card(), MARK)
    assert with_aigc(marked, Aigc("2", "another")) == marked


@pytest.mark.parametrize(
    "xmp",
    [
        "no XML at all", "", "<a><b></a>", '<r:RDF xmlns:r="x"/>', f'<!DOCTYPE a [<!ENTITY b "c">]>{OTHERS}',
        theirs("9"), OTHERS.replace("</r:RDF>", "</r:RDF><!-- </r:RDF> -->"),
    ],
)  # fmt: skip
def test_xmp_that_cannot_take_the_mark_stays_beside_it(xmp: str) -> None:
    marked = with_aigc(card_with(xmp), MARK)
    assert aigc_of(marked) == MARK
    with Image.open(BytesIO(marked)) as image:
        assert xmp.removesuffix("</r:RDF></x:xmpmeta>") in image.info[KEYWORD]


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    assert aigc_of(card_with(bomb)) is None
    declared = '<!DOCTYPE x [<!ENTITY mark "{&#34;Label&#34;:&#34;1&#34;}">]>'
    assert (
        aigc_of(
            card_with(
                declared + OTHERS.replace(' dc:source="相机"', ' xmlns:A="http://www.tc260.org.cn/ns/AIGC/1.0/" A:AIGC="&mark;"')
            )
        )
        is None
    )


def test_a_packed_text_of_gigabytes_is_not_unpacked() -> None:
    card = a_card()
    packed = KEYWORD.encode() + b"\0\1\0\0\0" + zlib.compress(theirs("1").encode() + b" " * 8_000_000)
    chunk = len(packed).to_bytes(4, "big") + b"iTXt" + packed + zlib.crc32(b"iTXt" + packed).to_bytes(4, "big")
    assert aigc_of(card[:33] + chunk + card[33:]) is None


@pytest.mark.parametrize("cut", [0, 8, 20, 33, 40, -1, -12])
def test_what_is_no_whole_png_is_refused(cut: int) -> None:
    for call in (lambda: aigc_of(a_card()[:cut]), lambda: with_aigc(a_card()[:cut], MARK)):
        with pytest.raises(RedBookError) as caught:
            call()
        assert caught.value.code is Code.INVALID_INPUT


def test_a_damaged_chunk_is_refused() -> None:
    card = bytearray(a_card())
    card[45] ^= 1
    with pytest.raises(RedBookError):
        aigc_of(bytes(card))
