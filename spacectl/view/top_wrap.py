"""Lines of cells, broken where they are longer than a page is wide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacectl.view.top_table import Cell, shown

_LEAST = 20
"""Columns below which nothing is broken: it is cut instead."""


def wrapped(lines: Iterable[Sequence[Cell]], width: int) -> list[list[Cell]]:
    """The lines, those that are too long on several; what follows is indented a little more than the first."""
    broken: list[list[Cell]] = []
    for line in lines:
        if width < _LEAST or sum(len(cell.text) for cell in line) <= width:
            broken.append(list(line))
        else:
            broken += _broken(line, width)
    return broken


def _broken(line: Sequence[Cell], width: int) -> list[list[Cell]]:
    text = shown("".join(cell.text for cell in line))
    tones = [cell.tone for cell in line for _ in cell.text]
    indent = len(text) - len(text.lstrip()) + 2
    lines, start = [], 0
    while start < len(text):
        room = width if start == 0 else width - indent
        end = start + room
        if end < len(text):
            blank = text.rfind(" ", start + room // 2, end + 1)
            end = blank + 1 if blank >= 0 else end
        cells = _cells(text[start:end].rstrip(), tones[start:end])
        lines.append(cells if start == 0 else [Cell(" " * indent), *cells])
        start = len(text) - len(text[end:].lstrip())
    return lines


def _cells(text: str, tones: Sequence[str]) -> list[Cell]:
    cells: list[Cell] = []
    for character, tone in zip(text, tones, strict=False):
        if cells and cells[-1].tone == tone:
            cells[-1] = Cell(cells[-1].text + character, tone)
        else:
            cells.append(Cell(character, tone))
    return cells
