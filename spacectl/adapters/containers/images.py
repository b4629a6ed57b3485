"""Images of spaces: named by what they are built from, so that an unchanged space is not built again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from docker.utils.build import exclude_paths

from spacectl.adapters.containers.engine import INSTANCE, AwayError, Engine, MissingError, RefusedError
from spacectl.model.state import Ended

_HASH_DIGITS = 12
_IGNORE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """An image to be built.

    Attributes:
        repository: its name without the tag: `shop/orders`.
        folder: what is sent to the engine, with the Dockerfile in it.
        args: build arguments.
        instance: the mark of the system in its own folder, which becomes a label.
    """

    repository: str
    folder: Path
    args: Mapping[str, str]
    instance: str

    @property
    def tag(self) -> str:
        """Its name with a digest of everything it is built from; blocks, for it reads all of that.

        Raises:
            OSError: something cannot be read.
        """
        digest = hashlib.sha256(repr(sorted(self.args.items())).encode())
        for name in sorted(_sent(self.folder)):
            path = self.folder / name
            digest.update(b"\0" + os.fsencode(name) + b"\0")
            if path.is_symlink():
                digest.update(os.fsencode(path.readlink()))
            elif path.is_file():
                digest.update(b"x" if os.access(path, os.X_OK) else b"-")
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"{self.repository}:{digest.hexdigest()[:_HASH_DIGITS]}"


class Images:
    """Builds and pulls images."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def has(self, name: str) -> bool:
        """Whether an image is there; blocks.

        Raises:
            AwayError: the engine does not answer.
            RefusedError: it does not tell.
        """
        try:
            self._engine.ask(lambda api: api.inspect_image(name))  # type: ignore[no-untyped-call]
        except MissingError:
            return False
        return True

    def build(self, order: ImageOrder, tag: str, log: BinaryIO) -> Ended:
        """Build an image, the engine's output going to a log; blocks."""
        return self._logged(
            log,
            lambda api: api.build(
                path=str(order.folder), tag=tag, buildargs=dict(order.args), labels={INSTANCE: order.instance},
                rm=True, forcerm=True, decode=True,
            ),
        )  # fmt: skip

    def pull(self, name: str, log: BinaryIO) -> Ended:
        """Fetch an image from its registry; blocks."""
        repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
        return self._logged(log, lambda api: api.pull(repository, tag=tag, stream=True, decode=True))

    def _logged(self, log: BinaryIO, request: Any) -> Ended:
        def run(api: Any) -> str | None:
            return _copied(request(api), log)

        try:
            trouble = self._engine.ask(run)
        except (AwayError, RefusedError) as error:
            trouble = str(error)
            log.write(f"{trouble}\n".encode())
        log.flush()
        return Ended(0, None) if trouble is None else Ended(None, None, trouble)


def _copied(told: Iterable[Mapping[str, Any]], log: BinaryIO) -> str | None:
    """Write what the engine tells into the log; the error that it ends with, or None."""
    trouble = None
    for text, is_error in _lines(told):
        log.write(text.encode())
        if is_error:
            trouble = text.strip()
    return trouble


def _lines(told: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    for each in told:
        if "error" in each:
            yield f"{each['error']}\n", True
        elif "stream" in each:
            yield str(each["stream"]), False
        elif "status" in each and "progressDetail" not in each:
            yield f"{each['status']}\n", False


def _sent(folder: Path) -> set[str]:
    """The files that a build sends, as `.dockerignore` says."""
    try:
        patterns = folder.joinpath(_IGNORE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        patterns = []
    kept = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    return set(exclude_paths(str(folder), kept))
