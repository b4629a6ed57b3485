from __future__ import annotations

import pytest

from spacectl.view.lines import is_trouble, printable


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


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'[7] 2026/11/22 19:54:27.2 [ERR] 127.0.0.1:1 - cid:7 - "APP/user:orders" - Publish Violation', True),
        (b"[7] 2026/11/22 19:54:27.2 [FTL] cannot listen", True),
        (b"[7] 2026/11/22 19:54:27.2 [INF] Server is ready", False),
        (b"", False),
    ],
)
def test_trouble_of_the_bus(line: bytes, expected: bool) -> None:
    assert is_trouble(line) is expected
