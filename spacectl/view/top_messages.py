"""Events that pass, as rows of the cockpit, and one of them unfolded."""

from __future__ import annotations

import json

from spacectl.model.message import Message
from spacectl.view.top_table import Cell, Column, Kind

_TOKEN_TONES = {"key": "name", "text": "good", "number": "busy", "word": "warn"}


def message_key(message: Message) -> str:
    """Tells a message from the others."""
    return f"{message.stream} {message.sequence}"


def body(message: Message) -> str:
    """The body folded into one line."""
    if message.text is not None:
        return message.text
    if message.base64 is not None:
        return f"base64:{message.base64}"
    return json.dumps(message.data, ensure_ascii=False, separators=(", ", ": ")) if message.size else ""


def unfolded(message: Message) -> list[list[Cell]]:
    """The message whole: its headers, then its body, a line of cells each."""
    head = [[Cell(message.subject, "name"), Cell(f"  message {message.sequence} of stream {message.stream}", "dim")]]
    head += [[Cell(f"{key}: ", "dim"), Cell(value)] for key, value in sorted(message.headers.items())]
    if message.data is None:
        return [*head, [], *([Cell(line)] for line in body(message).splitlines())]
    text = json.dumps(message.data, ensure_ascii=False, indent=2)
    return [*head, [], *(_highlighted(line) for line in text.splitlines())]


def _highlighted(line: str) -> list[Cell]:
    """A line of indented JSON: a key is what stands before `": `."""
    indent = line[: len(line) - len(line.lstrip())]
    rest = line[len(indent) :]
    cells = [Cell(indent)]
    if rest.startswith('"') and (end := _end_of_text(rest)) and rest[end : end + 2] == ": ":
        cells += [Cell(rest[:end], "name"), Cell(": ", "dim")]
        rest = rest[end + 2 :]
    value = rest.removesuffix(",")
    cells.append(Cell(value, _tone(value)))
    if value != rest:
        cells.append(Cell(",", "dim"))
    return cells


def _end_of_text(text: str) -> int:
    """Where the JSON string ends that a text begins with."""
    position = 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == '"':
            return position + 1
        position += 1
    return 0


def _tone(value: str) -> str:
    if value.startswith('"'):
        return _TOKEN_TONES["text"]
    if value in {"true", "false", "null"}:
        return _TOKEN_TONES["word"]
    return _TOKEN_TONES["number"] if value[:1].isdigit() or value[:1] == "-" else "dim"


MESSAGES: Kind[Message] = Kind(
    (
        Column("time", "TIME", 12, lambda each: Cell(f"{each.time.astimezone():%H:%M:%S.%f}"[:-3], "dim"),
               lambda each: each.time, "T", rank=4),
        Column("subject", "SUBJECT", 16, lambda each: Cell(each.subject, "name"), lambda each: each.subject, "N",
               widest=40),
        Column("source", "FROM", 10, lambda each: Cell(each.source or "-"), lambda each: each.source or "", "F", rank=3,
               widest=24),
        Column("size", "SIZE", 6, lambda each: Cell(f"{each.size} B"), lambda each: each.size, "B", rank=2, right=True,
               widest=9, largest_first=True),
        Column("body", "BODY", 12, lambda each: Cell(body(each)), rank=1, widest=2000),
    ),
    message_key,
    lambda each: f"{each.subject} {each.source or ''} {body(each)}",
    lambda each: each.data is None and each.size > 0,
    "no event has passed since this screen was opened",
)  # fmt: skip
