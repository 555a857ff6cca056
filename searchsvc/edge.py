"""The edge: what clients may send and how fast, and how long is waited for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from ipaddress import IPv4Network, ip_network
from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode


def _networks(given: object) -> object:
    """A list from a text with commas, as the environment has it; else what was given."""
    if not isinstance(given, str):
        return given
    return tuple(part.strip() for part in given.split(",") if part.strip())


def _network(given: object) -> str:
    """An address or a network, as it was given.

    Raises:
        ValueError: it is neither.
    """
    try:
        ip_network(str(given))
    except ValueError as error:
        raise ValueError(f"{error}, expected an address or a network such as 10.0.0.0/8") from None
    return str(given)


Networks = Annotated[
    tuple[Annotated[str, BeforeValidator(_network)], ...], NoDecode, BeforeValidator(_networks)
]
_Seconds = Field(gt=0, le=3_600, allow_inf_nan=False)
_Rate = Field(ge=0, le=1_000_000, allow_inf_nan=False)
_MAX_KIB = 1_048_576


@dataclass(frozen=True, slots=True)
class Edge:
    """What is asked of clients, whatever they ask for.

    Attributes:
        rate_per_key: requests per second with one key; 0 without bound.
        rate_per_address: requests per second with one key, or with none, of one address that is
            not the service's own machine; of IPv6 addresses the first 64 bits count. 0 without
            bound.
        rate_burst_s: so many seconds' worth of requests may come at once.
        trusted_proxies: addresses and networks of proxies, separated by commas, whose
            X-Forwarded-For and X-Forwarded-Proto are believed.
        max_body_kib: kibibytes of a request's body.
        max_events_kib: of a body with events.
        max_changes_kib: of a body with changes of products.
        max_header_kib: of a request's line and headers.
        header_timeout_s: seconds in which the line and the headers of a request must arrive, the
            first one's from when its connection was made.
        body_timeout_s: in which a body must arrive.
        changes_timeout_s: in which one with changes of products must.
        write_timeout_s: a client that does not take what it was sent is waited for as long.
        max_connections: of one worker process at the same time.
        drain_delay_s: for so long after SIGTERM connections are still accepted, with /readyz
            answering 503, so that a load balancer can look elsewhere.
    """

    rate_per_key: Annotated[float, _Rate] = 0.0
    rate_per_address: Annotated[float, _Rate] = 100.0
    rate_burst_s: Annotated[float, _Seconds] = 2.0
    trusted_proxies: Networks = ("127.0.0.0/8", "::1")
    max_body_kib: Annotated[int, Field(ge=1, le=_MAX_KIB)] = 256
    max_events_kib: Annotated[int, Field(ge=1, le=_MAX_KIB)] = 2_048
    max_changes_kib: Annotated[int, Field(ge=1, le=_MAX_KIB)] = 16_384
    max_header_kib: Annotated[int, Field(ge=1, le=1_024)] = 32
    header_timeout_s: Annotated[float, _Seconds] = 10.0
    body_timeout_s: Annotated[float, _Seconds] = 10.0
    changes_timeout_s: Annotated[float, _Seconds] = 60.0
    write_timeout_s: Annotated[float, _Seconds] = 20.0
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 2_048
    drain_delay_s: Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)] = 0.5

    def proxies(self) -> list[str]:
        """The trusted proxies; an IPv4 one also as a socket for both families names it."""
        return [*self.trusted_proxies, *_mapped(self.trusted_proxies)]


def edge_settings() -> dict[str, tuple[Any, Any]]:
    """The type with its bounds, and the default, of each of them by its name."""
    types = get_type_hints(Edge, include_extras=True)
    return {entry.name: (types[entry.name], entry.default) for entry in fields(Edge)}


def _mapped(networks: tuple[str, ...]) -> list[str]:
    parsed = (ip_network(network) for network in networks)
    return [
        f"::ffff:{network.network_address}/{96 + network.prefixlen}"
        for network in parsed
        if isinstance(network, IPv4Network)
    ]
