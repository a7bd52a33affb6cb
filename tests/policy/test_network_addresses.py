"""`cidr_in`: addresses in canonical form, and blocks of them."""

from __future__ import annotations

import pytest

from yett.policy.errors import LiteralError
from yett.policy.network import CidrSet, canonical_ip, parse_ip

BLOCKS = CidrSet.parse(["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128", "::ffff:172.16.0.0/108"])


@pytest.mark.parametrize(
    "text",
    ["10.1.2.3", "10.255.255.255", "192.0.2.7", "2001:db8::1", "2001:db8:ffff::", "::1", "::ffff:10.0.0.1", "172.31.0.1"],
)
def test_an_address_in_a_block_is_inside(text: str) -> None:
    assert BLOCKS.judge(text) is True


@pytest.mark.parametrize(
    "text", ["11.0.0.0", "192.0.2.8", "2001:db9::1", "::2", "::ffff:11.0.0.1", "172.32.0.1", "0.0.0.0", "::"]
)
def test_an_address_in_no_block_is_outside(text: str) -> None:
    assert BLOCKS.judge(text) is False


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "10",
            "10.1",
            "10.0.0.1/8",
            "10.0.0.01",
            "010.0.0.1",
            " 10.0.0.1",
            "10.0.0.1 ",
            "10.0.0.1\n",
            "１0.0.0.1",
            "0xa.0.0.1",
        ),
        *(
            "2001:DB8::1",
            "2001:db8:0:0:0:0:0:1",
            "2001:0db8::1",
            "::ffff:a00:1",
            "::ffff:0a00:0001",
            "::FFFF:10.0.0.1",
            "fe80::1%eth0",
        ),
        *("[::1]", "::1:", ":::1", "localhost", "::10.0.0.1", "1:0:0:2::3:4", "1::2:3:4:5:6:7"),
    ],
    ids=ascii,
)
def test_a_text_that_is_not_an_address_in_canonical_form_is_not_judged(text: str) -> None:
    assert BLOCKS.judge(text) is None


@pytest.mark.parametrize(
    ("literal", "remedy"),
    [
        ("10.0.0.1/8", "write `10.0.0.0/8`"),
        ("2001:db8::1/32", "write `2001:db8::/32`"),
        ("10.0.0.1", "`10.0.0.1/32`"),
        ("::1", "an address needs its length"),
        ("10.0.0.0/33", "write it as"),
        ("10.0.0.0/08", "write it as"),
        ("10.0.0.0/255.0.0.0", "write it as"),
        ("10.0.0/8", "write it as"),
        ("fe80::%eth0/64", "write it as"),
        ("10.0.0.0/ 8", "write it as"),
        ("", "write it as"),
        ("example.com/8", "write it as"),
    ],
)
def test_a_literal_that_is_no_block_is_refused_with_the_remedy(literal: str, remedy: str) -> None:
    with pytest.raises(LiteralError, match=remedy) as caught:
        CidrSet.parse(["10.0.0.0/8", literal])
    assert caught.value.index == 1


def test_the_block_of_everything_is_of_its_own_version() -> None:
    four, six = CidrSet.parse(["0.0.0.0/0"]), CidrSet.parse(["::/0"])
    assert (four.judge("1.2.3.4"), four.judge("::1"), four.judge("::ffff:1.2.3.4")) == (True, False, True)
    assert (six.judge("1.2.3.4"), six.judge("::1"), six.judge("::ffff:1.2.3.4")) == (False, True, False)


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "::ffff:1.2.3.4", "1:0:0:2::", "1::2:0:0:3", "2001:db8::1:0:0:1"])
def test_the_canonical_text_of_an_address_reads_back_as_the_same_address(text: str) -> None:
    address = parse_ip(text)
    assert address is not None
    assert canonical_ip(address) in {text, text.removeprefix("::ffff:")}
