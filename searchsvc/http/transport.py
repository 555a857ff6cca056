"""A transport that outlives its connection."""

from __future__ import annotations

import asyncio


class ForgivingTransport(asyncio.Transport):
    """A transport that drops what is written after its end, as asyncio's own do and uvloop's not.

    A connection that was given up has its end before uvicorn hears of that, and of pipelined
    requests it tells only the last.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self.close = transport.close  # type: ignore[method-assign]
        self.abort = transport.abort  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `asyncio.WriteTransport.write`."""
        if not self._transport.is_closing():
            self._transport.write(data)
