"""The table of addresses that are not the public internet."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.upstream.addresses import Why, literal, plain, why_not_public

REFUSED = {
    "0.0.0.0": Why.NOT_UNICAST,
    "0.1.2.3": Why.NOT_UNICAST,
    "10.1.2.3": Why.PRIVATE,
    "100.64.0.1": Why.CARRIER_NAT,
    "100.127.255.255": Why.CARRIER_NAT,
    "100.100.100.200": Why.METADATA,
    "127.0.0.1": Why.NOT_UNICAST,
    "127.255.255.254": Why.NOT_UNICAST,
    "168.63.129.16": Why.METADATA,
    "169.254.1.1": Why.NOT_UNICAST,
    "169.254.169.254": Why.METADATA,
    "169.254.170.2": Why.METADATA,
    "172.16.0.1": Why.PRIVATE,
    "172.31.255.255": Why.PRIVATE,
    "192.0.0.8": Why.RESERVED,
    "192.0.0.192": Why.METADATA,
    "192.0.2.1": Why.RESERVED,
    "192.31.196.1": Why.RESERVED,
    "192.52.193.1": Why.RESERVED,
    "192.88.99.1": Why.EMBEDS_IPV4,
    "192.168.1.1": Why.PRIVATE,
    "192.175.48.1": Why.RESERVED,
    "198.18.0.1": Why.RESERVED,
    "198.19.255.255": Why.RESERVED,
    "198.51.100.7": Why.RESERVED,
    "203.0.113.7": Why.RESERVED,
    "224.0.0.1": Why.NOT_UNICAST,
    "240.0.0.1": Why.RESERVED,
    "255.255.255.255": Why.NOT_UNICAST,
    "::": Why.NOT_UNICAST,
    "::1": Why.NOT_UNICAST,
    "::127.0.0.1": Why.EMBEDS_IPV4,
    "::ffff:127.0.0.1": Why.NOT_UNICAST,
    "::ffff:10.0.0.1": Why.PRIVATE,
    "::ffff:169.254.169.254": Why.METADATA,
    "64:ff9b::7f00:1": Why.EMBEDS_IPV4,
    "64:ff9b:1::1": Why.EMBEDS_IPV4,
    "100::1": Why.RESERVED,
    "2001::1": Why.EMBEDS_IPV4,
    "2001:2::1": Why.RESERVED,
    "2001:db8::1": Why.RESERVED,
    "2002:7f00:1::": Why.EMBEDS_IPV4,
    "2620:4f:8000::1": Why.RESERVED,
    "3fff::1": Why.RESERVED,
    "5f00::1": Why.RESERVED,
    "fc00::1": Why.PRIVATE,
    "fd00:ec2::254": Why.METADATA,
    "fd20:ce::254": Why.METADATA,
    "fe80::1": Why.NOT_UNICAST,
    "fe80::1%eth0": Why.NOT_UNICAST,
    "fec0::1": Why.PRIVATE,
    "ff02::1": Why.NOT_UNICAST,
}
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "223.255.255.254",
    "::ffff:8.8.8.8",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
]


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_special_addresses_are_refused(address: str, why: Why) -> None:
    """Every special address is refused, for its own reason."""
    assert why_not_public(ipaddress.ip_address(address)) is why


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not(address: str) -> None:
    """The neighbours of the special networks, and plain public hosts, are let through."""
    assert why_not_public(ipaddress.ip_address(address)) is None


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The table is stricter than the standard library's, never laxer."""
    if not plain(address).is_global:
        assert why_not_public(address) is not None


def test_only_addresses_are_literals() -> None:
    """A host is a literal only in the canonical forms; names are resolved and checked later."""
    assert literal("::ffff:10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    assert literal("10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    for name in ("0x7f.1", "2130706433", "127.1", "example.com", ""):
        assert literal(name) is None
