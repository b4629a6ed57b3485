import pytest

from spacectl.core.log_levels import level_named, level_of
from spacectl.core.log_notes import note_level, note_text
from spacectl.model.log_line import Level, owner


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b'{"level":"warn","msg":"slow"}', Level.WARNING),
        (b'{"msg":"x","severity":"CRITICAL"}', Level.ERROR),
        (b'{"levelname": "DEBUG", "message": "ERROR"}', Level.DEBUG),
        (b'{"log.level":"error"}', Level.ERROR),
        (b'{"level":30,"msg":"pino"}', Level.INFO),
        (b'{"level":10}', Level.DEBUG),
        (b'{"level":60}', Level.ERROR),
        (b'{"level":"loud"}', None),
        (b'{"message":"\\"level\\":\\"error\\""}', None),
        (b'{"level":"error"', None),
        (b'{"level":' + b"[" * 5000, None),
        (b"{}", None),
        (b'ts=12 level=error msg="INFO"', Level.ERROR),
        (b'level="warning" msg=x', Level.WARNING),
        (b'INFO:     127.0.0.1:4 - "GET / HTTP/1.1" 500 Internal Server ERROR', Level.INFO),
        (b"WARNING:root:careful", Level.WARNING),
        (b"2026-11-22 10:00:00,123 - shop - ERROR - boom", Level.ERROR),
        (b"2026-11-22T10:00:00Z  WARN mod::part: slow", Level.WARNING),
        (b"[12] 2026/11/22 10:00:00.1 [ERR] Publish Violation", Level.ERROR),
        (b"[12] 2026/11/22 10:00:00.1 [TRC] hello", Level.DEBUG),
        (b"[2026-11-22 10:00:00.1][12][warning][main] x", Level.WARNING),
        (b"\x1b[32mINFO\x1b[0m:     started", Level.INFO),
        (b"error: no such file", Level.ERROR),
        (b"npm ERR! missing script", Level.ERROR),
        (b"Traceback (most recent call last):", Level.ERROR),
        (b"TypeError: x is not a function", Level.ERROR),
        (b"panic: runtime error", Level.ERROR),
        (b"there was no error in it", None),
        (b"GET /ERROR/INFO-2", None),
        (b'  File "x.py", line 3, in run', None),
        (b"x" * 200 + b" ERROR: far away", None),
        (b"\xff\x00\xfe", None),
        (b"", None),
    ],
)  # fmt: skip
def test_the_level_a_line_names(line: bytes, level: Level | None) -> None:
    assert level_of(line) is level


def test_names_of_levels() -> None:
    assert level_named("Warn") is level_named("warning") is Level.WARNING
    assert level_named("loud") is None
    assert [level.word for level in Level] == ["debug", "info", "warning", "error"]


def test_notes_become_text() -> None:
    note = b'{"time":"2026-11-22T10:00:00Z","subject":"orders.1","kind":"backoff","text":"exited with 1"}'
    assert note_text(note) == b"orders.1 backoff: exited with 1"
    assert note_level(note) is Level.WARNING
    assert note_level(note.replace(b"backoff", b"ready")) is Level.INFO


@pytest.mark.parametrize("line", [b'{"level":"error"}', b"{", b"ERROR: x", b""])
def test_what_is_no_note_stays_as_it_is(line: bytes) -> None:
    assert note_text(line) == line
    assert note_level(line) is level_of(line)


@pytest.mark.parametrize(
    ("source", "whose"),
    [
        ("orders.1", ("orders", "orders.1")),
        ("orders.build", ("orders", None)),
        ("bus", (None, None)),
        ("spacectl", (None, None)),
    ],
)
def test_whose_a_log_is(source: str, whose: tuple[str | None, str | None]) -> None:
    assert owner(source) == whose
