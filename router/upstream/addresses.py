"""
Which addresses belong to the public internet. A table of our own, because Python 3.11's
`is_global` calls NAT64 and 6to4 forms of 127.0.0.1 global.

Source: IANA, IPv4 and IPv6 Special-Purpose Address Registries.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Why(StrEnum):
    """Why a URL or an address is not dialled."""

    NOT_A_URL = "not_a_url"
    SCHEME = "scheme"
    PORT = "port"
    USERINFO = "userinfo"
    REDIRECT = "redirect"
    OWN_ADDRESS = "own_address"  # It is this router itself.
    NOT_UNICAST = "not_unicast"  # Loopback, link-local, multicast, unspecified.
    METADATA = "metadata"  # Where clouds hand out credentials.
    EMBEDS_IPV4 = "embeds_ipv4"  # NAT64, 6to4, Teredo, IPv4-compatible.
    PRIVATE = "private"
    CARRIER_NAT = "carrier_nat"
    RESERVED = "reserved"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# In this order: the first that holds the address names the reason.
_DENIED: tuple[tuple[Why, tuple[Network, ...]], ...] = (
    (
        Why.METADATA,
        _networks(
            "169.254.169.254/32",  # Amazon, Azure, Google, and most others.
            "169.254.170.2/32",  # Amazon's containers.
            "168.63.129.16/32",  # Azure's wire server, on an otherwise public network.
            "100.100.100.200/32",  # Alibaba.
            "192.0.0.192/32",  # Oracle.
            "fd00:ec2::254/128",  # Amazon.
            "fd20:ce::254/128",  # Google.
        ),
    ),
    (
        Why.NOT_UNICAST,
        _networks(
            "0.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "255.255.255.255/32",
            "::/128",
            "::1/128",
            "fe80::/10",
            "ff00::/8",
        ),
    ),
    (
        Why.EMBEDS_IPV4,
        _networks(
            "192.88.99.0/24",  # 6to4 relays.
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001::/32",
            "2002::/16",
        ),
    ),
    (
        Why.PRIVATE,
        _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    ),
    (Why.CARRIER_NAT, _networks("100.64.0.0/10")),
    (
        Why.RESERVED,
        _networks(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    ),
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address reaches; any other as it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def literal(host: str) -> Address | None:
    """The address that a host is written as, or None for a name."""
    try:
        return plain(ip_address(host))
    except ValueError:
        return None


def why_not_public(address: Address) -> Why | None:
    """The reason not to dial an address on a stranger's word, or None where it is public."""
    address = plain(address)
    for why, networks in _DENIED:
        if any(address in network for network in networks):
            return why
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return Why.RESERVED
    return None
