"""The address to serve at: this machine's own alone, unless keys guard what stands open."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from searchsvc.errors import KeyMirrorError, PortError, SearchServiceError, StateMissingError
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.ring import KeyMode
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

_KEYS_VARIABLE = "SEARCHSVC_KEYS"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and whether keys are needed there.

    Attributes:
        host: to listen on.
        port: likewise.
        keys: the workers' setting.
        note: for whoever starts the service; empty where there is nothing to say.
    """

    host: str
    port: int
    keys: KeyMode
    note: str = ""

    @classmethod
    def of(cls, settings: Settings, host: str, port: int) -> Address:
        """That of a service that is to listen on `host`.

        Where keys are needed as soon as there are some, and there never was one, nobody but this
        machine may connect. Where there are some, they are needed from now on, even if the
        database is lost later.

        Raises:
            PortError: `host` is no address.
        """
        if settings.keys == "off" and not is_loopback(host, port):
            return cls(
                host, port, "off",
                f"whoever reaches {host}:{port} may search without a key, since SEARCHSVC_KEYS is "
                "off: let only your own proxy reach it",
            )  # fmt: skip
        if settings.keys != "auto":
            return cls(host, port, settings.keys)
        is_own, are_known = is_loopback(host, port), has_keys(settings)
        if are_known:
            return cls(host, port, "auto" if is_own else "required")
        if is_own:
            return cls(
                host, port, "auto",
                "there is no key yet: nobody needs one, and only this machine can connect",
            )  # fmt: skip
        own = "::1" if _is_ipv6(host, port) else "127.0.0.1"
        return cls(
            own, port, "auto",
            f"listening on {own} instead of {host}, since there is no key yet and everybody could "
            "search. Make one with 'searchsvc keys create --role search --role events' and start "
            "the service again; or set SEARCHSVC_KEYS=off where a proxy guards it, or "
            "SEARCHSVC_KEYS=required to listen at once and answer 401 until there is a key.",
        )  # fmt: skip

    @property
    def url(self) -> str:
        """For people and programs, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def prepare(self) -> None:
        """Have the workers, which read their settings from the environment, know it."""
        os.environ[_KEYS_VARIABLE] = self.keys


def is_loopback(host: str, port: int) -> bool:
    """Whether only this machine can connect to `host`, by whichever of its addresses.

    Raises:
        PortError: it is no address.
    """
    return all(_is_own(address) for _, address in _resolve(host, port))


def has_keys(settings: Settings) -> bool:
    """Whether there ever was a key; where nobody can tell, it is taken that there was."""
    try:
        mirrored = Mirror(settings.data_dir).read()
    except KeyMirrorError:
        return True
    if mirrored is not None and mirrored.keys:
        return True
    try:
        with closing(StateStore.open(settings, create=False)) as store:
            return store.key_revision().number > 0
    except StateMissingError:
        return False
    except SearchServiceError:
        return True


def _is_own(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def _is_ipv6(host: str, port: int) -> bool:
    return all(family == socket.AF_INET6 for family, _ in _resolve(host, port))


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortError(
            f"cannot listen on {host}:{port} ({error.strerror}). Choose another address with "
            "--host and --port."
        ) from error
    return [(family, str(address[0])) for family, _, _, _, address in found]
