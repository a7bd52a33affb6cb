"""Where connections to configured servers may go."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from tests.egress.test_fetch import resolving
from yett.egress.addresses import EgressRules
from yett.egress.routes import LOOPBACK, EgressRefused, Routes
from yett.errors import UpstreamNotReached

pytestmark = pytest.mark.anyio

BLOCKED = [
    *("127.0.0.1", "::1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "fe80::1", "fc00::1"),
    *("::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001::1", "100.64.0.1", "fd00:ec2::254"),
]


@pytest.mark.parametrize("address", BLOCKED)
async def test_an_address_that_is_not_public_is_refused_whether_written_or_resolved(address: str) -> None:
    with pytest.raises(EgressRefused, match=r"list it under `egress\.allow`"):
        await Routes(EgressRules.parse())(address, 80)
    resolve, _ = resolving(["93.184.216.34", address])
    with pytest.raises(EgressRefused, match=r"`shop\.example` has"):
        await Routes(EgressRules.parse(), resolve=resolve)("shop.example", 443)


@pytest.mark.parametrize("written", ["0177.0.0.1", "0x7f.1", "2130706433", "127.1", "localhost", "localhost."])
async def test_another_way_to_write_loopback_is_judged_by_where_it_leads(written: str) -> None:
    with pytest.raises(UpstreamNotReached):
        await Routes(EgressRules.parse())(written, 80)


async def test_public_addresses_are_given_back_as_they_were_judged() -> None:
    resolve, asked = resolving(["93.184.216.34", "2606:2800:220:1::1"])
    routes = Routes(EgressRules.parse(), resolve=resolve)
    assert await routes("shop.example", 443) == ["93.184.216.34", "2606:2800:220:1::1"]
    assert await routes("93.184.216.34", 443) == ["93.184.216.34"]
    assert asked == ["shop.example"]


async def test_what_is_listed_may_be_asked_by_name_address_or_block() -> None:
    resolve, _ = resolving(["10.1.2.3"])
    for entry in ("redbook", "10.1.2.3", "10.0.0.0/8"):
        assert await Routes(EgressRules.parse([entry]), resolve=resolve)("redbook", 80) == ["10.1.2.3"]
    assert await Routes(EgressRules.parse(LOOPBACK))("::1", 80) == ["::1"]
    with pytest.raises(EgressRefused, match="metadata"):
        await Routes(EgressRules.parse(["169.254.0.0/16"]))("169.254.169.254", 80)


async def test_a_name_without_addresses_or_with_too_many_is_not_asked() -> None:
    for count in (0, 17):
        resolve, _ = resolving([str(ip_address(0x5DB8D800 + number)) for number in range(count)])
        with pytest.raises(EgressRefused, match=f"has {count} addresses"):
            await Routes(EgressRules.parse(), resolve=resolve)("shop.example", 443)


async def test_a_name_that_is_not_known_is_not_refused_but_not_reached() -> None:
    async def unknown(host: str, port: int) -> list[object]:
        raise OSError("no such name")

    with pytest.raises(UpstreamNotReached, match="is not known") as caught:
        await Routes(EgressRules.parse(), resolve=unknown)("shop.example", 443)  # type: ignore[arg-type]  # it never answers
    assert not isinstance(caught.value, EgressRefused)


async def test_the_loop_of_a_resolver_is_the_one_that_asks() -> None:
    assert await asyncio.wait_for(Routes(EgressRules.parse(["localhost"]))("localhost", 80), 5)
