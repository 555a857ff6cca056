"""A disk whose power can be cut: what of a directory survives, at every step that changes it.

The real steps are made, and each is traced where Python makes it (`os.rename`, `os.fsync`, files
that are opened for writing, ...). Beside the directory as it is, the tracer knows what is *safe*:
the content that each file had when it was last flushed, and the names that each directory had when
it was. After every step, `Disk.states` tells in which states the directory may be found:

* ``killed``: the process died, the machine did not: everything is as it was;
* ``forgotten``: the power was cut, and nothing is left but what is safe;
* ``emptied``: it was cut, names are as they were, and files that were not flushed are empty;
* ``zeroed``: ..., and files that were not flushed are of their length, but nothing than zeros;
* ``mixed``: each directory has the safe names or the later ones, each file that was not flushed
  has what is safe, all, a part, or zeros; by chance, many times.

That is what POSIX permits (Pillai et al.: *All File Systems Are Not Created Equal*, OSDI 2014). A
real file system keeps more; a program that survives this survives all of them. What ``killed``
leaves is what `os._exit` at that place would: a state is copied, and nobody holds its locks.
"""

from __future__ import annotations

import builtins
import io
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from indexer import storage

Identity = tuple[int, int]
_TRACED = (
    "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "truncate",
    "ftruncate",
)  # fmt: skip
_WRITING = frozenset("wax+")


class Loss(Enum):
    """What is lost of what is not safe."""

    NOTHING = "killed"
    EVERYTHING = "forgotten"
    CONTENTS = "emptied"
    BYTES = "zeroed"
    SOME = "mixed"


@dataclass(frozen=True)
class State:
    """A state in which the directory may be found; directories end in a slash.

    Attributes:
        step: after which step, for messages.
        loss: what was lost.
        tree: contents by path; ``None`` for a directory.
    """

    step: str
    loss: Loss
    tree: dict[str, bytes | None]

    def write(self, target: Path) -> None:
        """Make the state in the new directory `target`."""
        target.mkdir(parents=True)
        for name, content in self.tree.items():
            path = target / name
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)

    def key(self) -> tuple[tuple[str, int | None], ...]:
        """Equal for states with the same names and contents."""
        return tuple((name, hash(it)) for name, it in sorted(self.tree.items()))


@dataclass
class Disk:
    """One traced directory.

    Attributes:
        root: the directory; it exists.
        steps: what was done to it, in order.
        safe_names: by directory, the names in it when it was last flushed.
        safe_contents: by file, its content when it was last flushed.
    """

    root: Path
    steps: list[str] = field(default_factory=list)
    safe_names: dict[Identity, dict[str, Identity]] = field(default_factory=dict)
    safe_contents: dict[Identity, bytes] = field(default_factory=dict)
    _held: dict[Identity, int] = field(default_factory=dict)
    _busy: bool = False

    def __post_init__(self) -> None:
        """Everything that is there already is safe."""
        for found in self._walk():
            descriptor = self._hold(found)
            self._flushed(descriptor)

    def close(self) -> None:
        """Let go of the files."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    @contextmanager
    def traced(self, after: Callable[[str], None] = lambda _: None) -> Generator[None]:
        """Trace every step in the body; `after` is called with each, once it is done.

        A step's text says what was done, and to which path.
        """
        with mock.patch.multiple(os, fsync=self._fsync(after), fdatasync=self._fsync(after)):
            patches = [mock.patch.object(os, name, self._step(name, after)) for name in _TRACED]
            patches += [
                mock.patch.object(io, "open", self._opened(io.open, after)),
                mock.patch.object(builtins, "open", self._opened(builtins.open, after)),
                # The one library that writes files without Python.
                mock.patch.object(storage, "save_file", self._saved(storage.save_file, after)),
            ]
            for patch in patches:
                patch.start()
            try:
                yield
            finally:
                for patch in patches:
                    patch.stop()

    def states(self, chance: Random, mixtures: int) -> Iterator[State]:
        """The states in which the directory may be found now."""
        step = f"{len(self.steps)}: {self.steps[-1] if self.steps else 'nothing'}"
        for loss in Loss:
            for _ in range(mixtures if loss is Loss.SOME else 1):
                tree: dict[str, bytes | None] = {}
                self._collect(_Cut(self, loss, chance), self.root, "", tree)
                yield State(step, loss, tree)

    def _collect(
        self, cut: _Cut, place: Path | Identity, prefix: str, tree: dict[str, bytes | None]
    ) -> None:
        identity = place if isinstance(place, tuple) else _identity(place.stat())
        for name, child in sorted(cut.names(identity).items()):
            descriptor = self._held[child]
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                tree[f"{prefix}{name}/"] = None
                self._collect(cut, child, f"{prefix}{name}/", tree)
            else:
                tree[f"{prefix}{name}"] = cut.content(child)

    def names_now(self, directory: Identity) -> dict[str, Identity]:
        """The names in a directory."""
        found = {}
        for path in Path(f"/proc/self/fd/{self._held[directory]}").iterdir():
            found[path.name] = self._keep(os.open(path, os.O_RDONLY | os.O_NOFOLLOW))
        return found

    def content_now(self, file: Identity) -> bytes:
        """The content of a file."""
        descriptor = self._held[file]
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

    def _walk(self) -> Iterator[Path]:
        yield self.root
        yield from self.root.rglob("*")

    def _hold(self, path: Path) -> int:
        return self._held[self._keep(os.open(path, os.O_RDONLY))]

    def _keep(self, descriptor: int) -> Identity:
        """Keep a file open: no other one gets its number then."""
        identity = _identity(os.fstat(descriptor))
        if identity in self._held:
            os.close(descriptor)
        else:
            self._held[identity] = descriptor
        return identity

    def _flushed(self, descriptor: int) -> None:
        identity = _identity(os.fstat(descriptor))
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._held.setdefault(identity, os.dup(descriptor))
            self.safe_names[identity] = self.names_now(identity)
        else:
            if identity not in self._held:
                self._held[identity] = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
            self.safe_contents[identity] = self.content_now(identity)

    def _done(self, text: str, after: Callable[[str], None]) -> None:
        self.steps.append(text.replace(f"{self.root}/", ""))
        self._busy = True
        try:
            for path in self._walk():
                self._hold(path)
            after(self.steps[-1])
        finally:
            self._busy = False

    def _step(self, name: str, after: Callable[[str], None]) -> Callable[..., Any]:
        real = getattr(os, name)

        def step(*args: Any, **options: Any) -> Any:
            result = real(*args, **options)
            if not self._busy and self._concerns(args, options):
                self._done(f"{name} {' '.join(map(str, args))}", after)
            return result

        return step

    def _fsync(self, after: Callable[[str], None]) -> Callable[[int], None]:
        real = os.fsync

        def fsync(descriptor: Any) -> None:
            real(descriptor)
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            path = _path_of(number)
            if not self._busy and path.is_relative_to(self.root):
                self._flushed(number)
                self._done(f"fsync {path}", after)

        return fsync

    def _opened(self, real: Callable[..., Any], after: Callable[[str], None]) -> Any:
        def opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            result = real(file, mode, *args, **options)
            if not self._busy and _WRITING & set(mode) and self._concerns((file,), {}):
                self._done(f"open {file} to write", after)
            return result

        return opened

    def _saved(self, real: Callable[..., Any], after: Callable[[str], None]) -> Any:
        def saved(arrays: Any, path: str, **options: Any) -> None:
            real(arrays, path, **options)
            if self._concerns((path,), {}):
                self._done(f"save {path}", after)

        return saved

    def _concerns(self, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        """Whether any of the paths is below the root, also by a directory's descriptor."""
        if isinstance(options.get("dir_fd"), int):
            return _path_of(options["dir_fd"]).is_relative_to(self.root)
        if args and isinstance(args[0], int):
            return _path_of(args[0]).is_relative_to(self.root)
        return any(Path(it).is_relative_to(self.root) for it in args if isinstance(it, str | Path))


@dataclass(frozen=True)
class _Cut:
    """What is left of each directory and each file; the same at each place it is met."""

    disk: Disk
    loss: Loss
    chance: Random
    _choices: dict[Identity, int] = field(default_factory=dict)

    def names(self, directory: Identity) -> dict[str, Identity]:
        forgets = self.loss is Loss.EVERYTHING
        if self.loss is Loss.SOME:
            forgets = bool(self._choice(directory, 2))
        if forgets:
            return self.disk.safe_names.get(directory, {})
        return self.disk.names_now(directory)

    def content(self, file: Identity) -> bytes:
        now, safe = self.disk.content_now(file), self.disk.safe_contents.get(file, b"")
        if self.loss is Loss.NOTHING or now == safe:
            return now
        possible = [safe, b"", bytes(len(now)), now[: len(now) // 2], now]
        which = {Loss.EVERYTHING: 0, Loss.CONTENTS: 1, Loss.BYTES: 2}.get(self.loss)
        return possible[self._choice(file, len(possible)) if which is None else which]

    def _choice(self, identity: Identity, count: int) -> int:
        return self._choices.setdefault(identity, self.chance.randrange(count))


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino
