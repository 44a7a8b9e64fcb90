"""Where outputs may come from: public addresses only, and only the hosts that the operator named."""

from __future__ import annotations

import ipaddress

import pytest

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy, is_public

PUBLIC = """8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.167.1.1 169.253.1.1 223.255.255.254
    2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:80b::200e
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1"""
#: By what they are.
PRIVATE = {
    "this network": "0.0.0.0 0.1.2.3 ::",
    "loopback": "127.0.0.1 127.255.255.254 ::1",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fd00:ec2::254",
    "link-local, metadata services among them": "169.254.169.254 169.254.170.2 fe80::1 febf::1",
    "shared by carriers (CGNAT)": "100.64.0.1 100.127.255.254 100.100.100.200",
    "multicast": "224.0.0.1 239.255.255.250 ff02::1 ff0e::1",
    "reserved and broadcast": "240.0.0.1 255.255.255.255",
    "documentation and benchmarks": "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 2001:db8::1",
    "discard": "100::1",
    "IPv4-mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0 ::ffff:224.0.0.1",
    "IPv4-compatible": "::127.0.0.1 ::10.0.0.1",
    "NAT64": "64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::100.64.0.1 64:ff9b::224.0.0.1",
    "NAT64 of one's own network": "64:ff9b:1::10.0.0.1",
    "6to4": "2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1 2002:6440:1::1 2002:e000:1::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:80ff:fffe 2001:0:4136:e378:8000:63bf:f5ff:fffe",
}


def addresses(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("text", addresses(PUBLIC))
def test_a_public_address_is_used_where_it_is_secure(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert is_public(address)
    assert Policy().allows(address, secure=True)
    assert not Policy().allows(address, secure=False)


@pytest.mark.parametrize("text", [text for texts in PRIVATE.values() for text in addresses(texts)])
def test_no_other_address_is_ever_used(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert not is_public(address)
    assert not Policy().allows(address, secure=True)
    assert not Policy(hosts=(text,)).allows(address, secure=True)


def test_a_site_local_address_is_not_used() -> None:
    assert not is_public(ipaddress.ip_address("fec0::1"))


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("text", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_a_laptop_may_use_its_own_addresses_in_the_open(text: str, secure: bool) -> None:
    assert Policy(allow_loopback=True).allows(ipaddress.ip_address(text), secure=secure)


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.1", "::ffff:10.0.0.1", "fe80::1"]
)
def test_a_laptop_may_use_no_other_private_address(text: str) -> None:
    assert not Policy(allow_loopback=True).allows(ipaddress.ip_address(text), secure=True)


def test_a_laptop_uses_public_addresses_securely_only() -> None:
    address = ipaddress.ip_address("8.8.8.8")
    assert Policy(allow_loopback=True).allows(address, secure=True)
    assert not Policy(allow_loopback=True).allows(address, secure=False)


HOSTS = ("cdn.example.com", "*.Example.ORG", "203.0.113.7")


@pytest.mark.parametrize(
    "host",
    ["cdn.example.com", "CDN.Example.com", "cdn.example.com.", "a.example.org", "a.b.example.org.", "203.0.113.7"],
)
def test_a_named_host_may_serve_outputs(host: str) -> None:
    Policy(hosts=HOSTS).check_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "a.cdn.example.com",
        "xcdn.example.com",
        "cdn.example.com.evil.net",
        "cdn-example.com",
        "example.org",
        "badexample.org",
        "a.example.org.evil.net",
        "203.0.113.70",
        "*.example.org.net",
    ],
)
def test_no_other_host_may_and_asking_again_is_no_use(host: str) -> None:
    with pytest.raises(MediaUnavailable, match="is not one of media_hosts") as caught:
        Policy(hosts=HOSTS).check_host(host)
    assert caught.value.final


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1", "::1"])
def test_without_names_any_host_is_looked_up(host: str) -> None:
    Policy().check_host(host)
