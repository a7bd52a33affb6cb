"""Which addresses a URL from outside may lead to."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from yett.egress.addresses import EgressRules
from yett.errors import OperatorFault

PRIVATE = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
METADATA = (
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "64:ff9b::808:808")


@pytest.mark.parametrize("text", PRIVATE + METADATA)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    assert EgressRules.parse().refusal(ip_address(text), host_is_listed=False) is not None


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_not(text: str) -> None:
    assert EgressRules.parse().refusal(ip_address(text), host_is_listed=False) is None


@pytest.mark.parametrize("text", PRIVATE)
def test_what_the_operator_lists_may_be_asked(text: str) -> None:
    rules = EgressRules.parse([text])
    assert rules.refusal(ip_address(text), host_is_listed=False) is None


@pytest.mark.parametrize("text", METADATA)
def test_a_metadata_address_is_opened_by_its_own_name_only(text: str) -> None:
    address = ip_address(text)
    everything = EgressRules.parse(["0.0.0.0/0", "::/0"])
    assert everything.refusal(address, host_is_listed=True) == "a cloud's metadata address"
    assert EgressRules.parse([text]).refusal(address, host_is_listed=False) is None


def test_a_metadata_address_in_other_clothes_is_one() -> None:
    rules = EgressRules.parse(["::/0"])
    assert rules.refusal(ip_address("::ffff:169.254.169.254"), host_is_listed=True) == "a cloud's metadata address"
    assert rules.refusal(ip_address("::ffff:10.0.0.1"), host_is_listed=True) is None


def test_a_translated_address_is_judged_as_what_it_is_translated_to() -> None:
    rules = EgressRules.parse(["10.1.0.0/16"])
    assert rules.refusal(ip_address("64:ff9b::a01:203"), host_is_listed=False) is None
    assert rules.refusal(ip_address("64:ff9b::a02:203"), host_is_listed=False) == "a private address behind a translator"


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "https://host", "host:8080", "a*b", "0x7f.1", ""])
def test_an_entry_that_is_neither_name_nor_block_is_refused_with_its_key(entry: str) -> None:
    with pytest.raises(OperatorFault, match=r"egress\.allow"):
        EgressRules.parse([entry])
