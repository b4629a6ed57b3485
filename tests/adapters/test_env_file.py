from pathlib import Path

import pytest

from spacectl.adapters.env_file import read_env_file


def test_what_it_may_hold(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(
        b"\xef\xbb\xbfFIRST=after a byte order mark\r\n"
        b"# a comment\n\n"
        b"export LEVEL=debug # why\n"
        b"QUOTED=\"two\\nlines\"\nSINGLE='as $IS'\n"
        b"MANY='one\ntwo'\n"
        b"URL=postgres://u:p@h/db?a=b\n"
        b"DOLLAR=$HOME and ${HOST}\n"
        b"EMPTY=\nNOTHING\n"
        b"NAME=caf\xc3\xa9\nLEVEL=info\n"
    )
    assert read_env_file(path) == {
        "FIRST": "after a byte order mark", "LEVEL": "info", "QUOTED": "two\nlines", "SINGLE": "as $IS",
        "MANY": "one\ntwo", "URL": "postgres://u:p@h/db?a=b", "DOLLAR": "$HOME and ${HOST}", "EMPTY": "",
        "NAME": "café",
    }  # fmt: skip


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_env_file(tmp_path / ".env")
    (tmp_path / "latin").write_bytes(b"NAME=caf\xe9\n")
    with pytest.raises(UnicodeDecodeError):
        read_env_file(tmp_path / "latin")
