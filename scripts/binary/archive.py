"""The single binary as a file: launcher, payload, and the trailer by which the launcher finds the payload."""

from __future__ import annotations

import hashlib
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

LIST = "files"
LEVEL = 9
"""Up to here each level gains; 19 makes the file a tenth smaller and takes twenty times as long."""

_MAGIC = b"spacectl-payload"
_TRAILER = struct.Struct("<64sQ16s")  # struct trailer of launcher.c
_BLOCK = 1 << 20


def write_list(root: Path) -> None:
    """Say in a file of the folder which files there are, and how large: the launcher looks them through by it."""
    files = [path for path in _sorted(root) if path.is_file()]
    lines = [str(len(files)), *(f"{path.stat().st_size} {path.relative_to(root)}" for path in files)]
    (root / LIST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def pack(root: Path, payload: Path) -> str:
    """Pack a folder: a tar archive in ustar form, compressed. Equal folders give equal files.

    Returns:
        The SHA-256 of the payload, in hexadecimal digits.
    """
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with (
        payload.open("wb") as out,
        compressor.stream_writer(out) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path in _sorted(root):
            _add(archive, path, str(path.relative_to(root)))
    with payload.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def join(launcher: Path, payload: Path, name: str, binary: Path) -> None:
    """Write the binary: the launcher with the payload behind it, which is unpacked into a folder of this name."""
    with binary.open("wb") as out:
        for part in (launcher, payload):
            with part.open("rb") as file:
                while block := file.read(_BLOCK):
                    out.write(block)
        out.write(_TRAILER.pack(name.encode("ascii"), payload.stat().st_size, _MAGIC))
    binary.chmod(0o755)


def _sorted(root: Path) -> Iterator[Path]:
    return iter(sorted(root.rglob("*")))  # a folder comes before what is in it


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return
    entry.size = path.stat().st_size
    entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    with path.open("rb") as file:
        archive.addfile(entry, file)
