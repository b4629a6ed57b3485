"""Finds the lines of the keys of a TOML text.

The text is read with tree-sitter's grammar, which keeps positions; what it means is read with tomllib. Only a
manifest with a problem is read this way, so the lines are looked up on first use.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

KeyPath = tuple[str | int, ...]

_DEEPEST = 8
"""No key of a manifest is deeper; what is deeper is wrong as a whole."""


class KeyLines(Mapping[KeyPath, int]):
    """The 1-based line of each key path of a TOML text, looked up on first use.

    Args:
        text: TOML that tomllib can read; of other text, the keys that can be made out.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __getitem__(self, path: KeyPath) -> int:
        return self._lines[path]

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyLines) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        return _Walk().lines_of(_parse(self._text))


def longest_key(text: str) -> int:
    """How many dots the longest key of a TOML text has; those in quoted keys count too."""
    longest = 0
    waiting = [_parse(text)]
    while waiting:
        node = waiting.pop()
        if node.type == "dotted_key":
            longest = max(longest, (node.text or b"").count(b"."))
        else:
            waiting.extend(node.named_children)
    return longest


def _parse(text: str) -> Node:
    import tree_sitter  # noqa: PLC0415 - 30 ms that only a manifest with a problem pays
    import tree_sitter_toml  # noqa: PLC0415

    language = tree_sitter.Language(tree_sitter_toml.language())
    return tree_sitter.Parser(language).parse(text.encode()).root_node


def _keys(node: Node) -> tuple[str, ...]:
    """The parts of a key, dotted or not, with quotes and escapes taken off."""
    parts: list[str] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.type == "dotted_key":
            waiting.extend(reversed(part.named_children))
        else:
            parts.append(_key(part))
    return tuple(parts)


def _key(node: Node) -> str:
    text = node.text.decode() if node.text is not None else ""
    if node.type != "quoted_key":
        return text
    return next(iter(tomllib.loads(f"{text} = 0")))


class _Walk:
    """One walk over a syntax tree; without recursion, as values may nest deeper than Python may call."""

    def __init__(self) -> None:
        self._lines: dict[KeyPath, int] = {}
        self._elements: dict[KeyPath, int] = {}
        self._waiting: list[tuple[Node, KeyPath]] = []

    def lines_of(self, document: Node) -> Mapping[KeyPath, int]:
        for node in document.named_children:
            self._enter(node)
            while self._waiting:
                self._value(*self._waiting.pop())
        return self._lines

    def _enter(self, node: Node) -> None:
        if node.type == "pair":
            self._pair(node, ())
        elif node.type in {"table", "table_array_element"}:
            table = self._header(node)
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(pair, table)

    def _header(self, node: Node) -> KeyPath:
        """The path of a table; where it is below an array of tables, of its newest element."""
        path: KeyPath = ()
        keys = _keys(node.named_children[0])
        for key in keys[:-1]:
            path = self._newest((*path, key))
            self._lines.setdefault(path, _line(node))
        path = (*path, keys[-1])
        if node.type == "table_array_element":
            self._lines.setdefault(path, _line(node))
            self._elements[path] = self._elements.get(path, -1) + 1
            path = self._newest(path)
        self._lines[path] = _line(node)
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        element = self._elements.get(path)
        return path if element is None else (*path, element)

    def _pair(self, node: Node, table: KeyPath) -> None:
        key, *values = (child for child in node.named_children if child.type != "comment")
        path = table
        for part in _keys(key):
            path = (*path, part)
            self._lines.setdefault(path, _line(node))
        if len(path) < _DEEPEST:
            self._waiting.extend((value, path) for value in values)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(pair, path)
        elif node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, item in enumerate(items):
                self._lines[(*path, index)] = _line(item)
                if len(path) < _DEEPEST:
                    self._waiting.append((item, (*path, index)))


def _line(node: Node) -> int:
    return node.start_point[0] + 1
