"""Listening no more: a socket that is closed without resetting who has just connected.

When a listening socket is closed, the system resets the connections that it has taken and that
nobody has accepted yet, though their requests may have arrived. So the first packet of any other
connection is dropped for a moment, in which those are accepted; then there is nobody to reset.
Whoever was dropped tries again by itself after a second, and is refused.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

SETTLE_SECONDS: Final = 0.25
"""In which handshakes end that have begun, and connections are accepted that were made."""
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux, for which Python has no name
# A program for the system's packet filter (linux/filter.h); it sees a packet from its TCP header.
_LOAD_BYTE, _JUMP_IF_SET, _RETURN = 0x30, 0x45, 0x06
_FLAGS_AT, _SYN = 13, 0x02
_ALL_OF_IT = 0xFFFFFFFF
_DROP_FIRST_PACKETS = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (_LOAD_BYTE, 0, 0, _FLAGS_AT),
        (_JUMP_IF_SET, 0, 1, _SYN),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _ALL_OF_IT),
    )
)


def take_no_more(listening: int) -> None:
    """Let no further connection begin; those that have begun are still to be accepted.

    Args:
        listening: the descriptor of a socket.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(_DROP_FIRST_PACKETS)
    count = len(_DROP_FIRST_PACKETS) // struct.calcsize("HBBI")
    option = struct.pack("HP", count, ctypes.addressof(program))
    # What asyncio gives for a socket has a descriptor and no options.
    with socket.socket(fileno=os.dup(listening)) as own, suppress(OSError):
        # Where it is forbidden, a few are reset as they would be without.
        own.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, option)
