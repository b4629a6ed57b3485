"""The problems of manifests as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacectl.model.problem import Problem
from spacectl.model.wording import counted, escaped

_MOST_OF_A_LINE = 100


def problems_text(problems: Sequence[Problem], *, base: str = "") -> str:
    """Every problem with its line and hint, then their number.

    Args:
        problems: at least one, in the order in which they are shown.
        base: how the system's folder is written from the current one; the files are shown below it.
    """
    files = len({problem.file for problem in problems})
    total = f"{counted(len(problems), 'problem')} in {counted(files, 'file')}"
    return "\n".join([*(line for problem in problems for line in _lines(problem, base)), total])


def _lines(problem: Problem, base: str) -> Iterator[str]:
    place = problem.file if base in {"", "."} else f"{base.rstrip('/')}/{problem.file}"
    if problem.line:
        place += f":{problem.line}"
    yield ": ".join(part for part in (escaped(place, at_most=1000), problem.key, problem.message) if part)
    if problem.source.strip():
        yield f"    {escaped(problem.source.strip(), at_most=_MOST_OF_A_LINE)}"
    if problem.hint is not None:
        yield f"    {problem.hint}"
