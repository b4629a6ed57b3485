from __future__ import annotations

import pytest

from spacectl.view.lines import printable


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"plain", "plain"),
        ("ünïcode ✔".encode(), "ünïcode ✔"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"tab\tstays\r", "tab\tstays"),
        (b"bell\x07 null\x00", "bell\\x07 null\\x00"),
        (b"\x1b[2Jclears", "\\x1b[2Jclears"),
        (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        (b"over\rwritten", "over\\x0dwritten"),
        (b"", ""),
    ],
)
def test_printable(line: bytes, shown: str) -> None:
    assert printable(line) == shown
