"""Where media may come from: public hosts only, checked on the address of the very connection."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

from dropreel.errors import MediaUnavailable

#: Seconds for a connection to an address, and for any one read from it.
CONNECT = 10.0
TIMEOUT = 30.0
#: IPv6 addresses that hold an IPv4 address which is the one really reached.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Policy:
    """Where media may come from, and how they may be read."""

    #: Host names, `*.example.com` for all below one; empty: any public host.
    hosts: tuple[str, ...] = ()
    #: On a laptop only: loopback addresses too, and plain http there.
    allow_loopback: bool = False
    #: A file may be asked for by ranges, several at a time; else it is read in one stream.
    ranges: bool = True

    def check_host(self, host: str) -> None:
        """Raise MediaUnavailable unless outputs may come from this host."""
        if self.hosts and not any(_matches(host, pattern) for pattern in self.hosts):
            raise MediaUnavailable(f"the host {host} is not one of media_hosts", final=True)

    def allows(self, address: Address, *, secure: bool) -> bool:
        """Whether a connection to this address may be used."""
        if _innermost(address).is_loopback:
            return self.allow_loopback
        return secure and is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address, and any IPv4 address hidden in it, is reachable on the public internet."""
    inner = _innermost(address)
    site_local = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or site_local)


def _innermost(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _matches(host: str, pattern: str) -> bool:
    host, pattern = host.lower().rstrip("."), pattern.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def connect(host: str, port: int, allowed: Callable[[Address], bool]) -> socket.socket:
    """Connect to the first address of a host that is allowed and answers; the others are never connected to.

    Raises MediaUnavailable, as `allowed` may.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaUnavailable(f"the host {host} is not known ({error})") from error
    problem = f"the host {host} has no public address"
    refused = True
    for family, kind, protocol, _, target in found:
        if not allowed(_address(target[0])):
            continue
        refused = False
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(CONNECT)
        try:
            sock.connect(target)
            sock.settimeout(TIMEOUT)
            if allowed(_address(sock.getpeername()[0])):
                return sock
            sock.close()
        except OSError as error:
            sock.close()
            problem = f"no connection to {host} ({error})"
        except MediaUnavailable:
            sock.close()
            raise
    raise MediaUnavailable(problem, final=refused)


def _address(text: object) -> Address:
    return ipaddress.ip_address(str(text).partition("%")[0])
