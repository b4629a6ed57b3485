"""Everything that is wrong with a system whose manifests each have the right form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from spacectl.core.explain import MOST_PROBLEMS
from spacectl.core.rules.smoke import smoke_is_whole, smoke_subjects_exist
from spacectl.core.rules.space import SPACE_RULES
from spacectl.core.rules.system import SYSTEM_RULES, Known
from spacectl.model.problem import Problem
from spacectl.model.system import System
from spacectl.model.wording import counted


def problems(system: System, *, unread: Iterable[str | None] = ()) -> tuple[Problem, ...]:
    """Every problem, at most a hundred of each file.

    Args:
        system: the spaces that could be read.
        unread: the names of the spaces that could not, None where not even the name is known; nobody is blamed
            for naming them.
    """
    return tuple(_limited(_found(system, Known(system, frozenset(unread)))))


def _found(system: System, known: Known) -> Iterator[Problem]:
    for space in system.spaces:
        for space_rule in (*SPACE_RULES, smoke_is_whole):
            yield from space_rule(space)
    for system_rule in (*SYSTEM_RULES, smoke_subjects_exist):
        yield from system_rule(known)


def _limited(found: Iterable[Problem]) -> Iterator[Problem]:
    count: Counter[str] = Counter()
    for problem in found:
        count[problem.file] += 1
        if count[problem.file] <= MOST_PROBLEMS:
            yield problem
    for file, total in count.items():
        if total > MOST_PROBLEMS:
            yield Problem(file, 0, "", f"{counted(total - MOST_PROBLEMS, 'more problem')} in this file")
