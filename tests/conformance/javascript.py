"""A stock JavaScript client, called from Python: in Node or in a browser."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.conformance.toolchain import HERE, program

if TYPE_CHECKING:
    from collections.abc import Generator

    from selenium.webdriver import Chrome


class ClientError(Exception):
    """What the client threw."""

    def __init__(self, name: str, message: str, status: int | None) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.status = status


class Runtime(Protocol):
    """Something that runs JavaScript clients."""

    def run(self, request: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Node:
    """A process of Node that answers line by line."""

    process: subprocess.Popen[str]

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@dataclass(frozen=True)
class Page:
    """A browser that has the page of the clients open."""

    browser: Chrome

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.browser.execute_async_script(
            "window.call(arguments[0]).then(arguments[1]);", request
        )
        return answer


@dataclass(frozen=True)
class Client:
    """One client.

    Attributes:
        name: the package, with the build behind a slash.
    """

    name: str
    runtime: Runtime

    def call(self, method: str, *args: Any, index: str | None = None) -> Any:
        """What `method` gives; of version 4's index object where an `index` is named.

        Raises:
            ClientError: the client threw.
        """
        request = {"client": self.name, "index": index, "method": method, "args": args}
        outcome = self.runtime.run(request)
        if "error" in outcome:
            raise ClientError(**outcome["error"])
        return outcome["answer"]


@contextmanager
def node(service: str) -> Generator[Node]:
    """Node with all clients connected to the service."""
    command = [program("node"), HERE / "clients" / "node.js", service]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Node(process)
        assert process.stdin is not None
        process.stdin.close()
