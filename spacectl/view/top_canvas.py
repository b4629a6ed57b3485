"""A grid of characters on which lines meet properly."""

from __future__ import annotations

from spacectl.view.top_table import Cell

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
_LINES = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
"""The character of each set of directions, by its bits."""


class Canvas:
    """Characters with tones; what is drawn at a place may be told by a key."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._lines: dict[tuple[int, int], int] = {}
        self._text: dict[tuple[int, int], Cell] = {}
        self._tones: dict[tuple[int, int], str] = {}
        self.keys: dict[tuple[int, int], str] = {}
        """What is drawn at a place (column, row), for the mouse."""

    def write(self, x: int, y: int, text: str, tone: str, key: str) -> None:
        """Write a text over whatever is there."""
        for offset, character in enumerate(text):
            self._text[x + offset, y] = Cell(character, tone)
            self.keys[x + offset, y] = key

    def across(self, left: int, right: int, y: int, tone: str, key: str) -> None:
        """Draw a line from one column to another."""
        for x in range(left, right + 1):
            self._add(x, y, (EAST if x < right else 0) | (WEST if x > left else 0), tone, key)

    def down(self, x: int, top: int, bottom: int, tone: str, key: str) -> None:
        """Draw a line from one row to another."""
        for y in range(top, bottom + 1):
            self._add(x, y, (SOUTH if y < bottom else 0) | (NORTH if y > top else 0), tone, key)

    def rows(self) -> list[list[Cell]]:
        """The whole as rows of cells; neighbours of one tone are one cell."""
        return [self._row(y) for y in range(self.height)]

    def _add(self, x: int, y: int, directions: int, tone: str, key: str) -> None:
        self._lines[x, y] = self._lines.get((x, y), 0) | directions
        self._tones[x, y] = tone
        self.keys[x, y] = key

    def _at(self, x: int, y: int) -> Cell:
        if (x, y) in self._text:
            return self._text[x, y]
        return Cell(_LINES[self._lines.get((x, y), 0)], self._tones.get((x, y), ""))

    def _row(self, y: int) -> list[Cell]:
        cells: list[Cell] = []
        for x in range(self.width):
            text, tone = self._at(x, y)
            if cells and cells[-1].tone == tone:
                cells[-1] = Cell(cells[-1].text + text, tone)
            else:
                cells.append(Cell(text, tone))
        return cells
