"""Every way to break a manifest gets its message: the cases stand in broken.txt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from spacectl.adapters.manifests import read_system
from spacectl.view.problems import problems_text

MINIMAL = '[space]\nname = "{name}"\n[run]\ncommand = "run"\n'


@dataclass(frozen=True)
class Case:
    title: str
    files: Mapping[str, str]
    problems: str


def cases() -> Iterator[Case]:
    text = (Path(__file__).parent / "broken.txt").read_text()
    for block in text.split("\n=== ")[1:]:
        title, *sections = block.split("\n--- ")
        named = dict(section.partition("\n")[::2] for section in sections)
        problems = named.pop("problems")
        yield Case(title, dict(completed(name, body) for name, body in named.items()), problems.rstrip("\n"))


def completed(name: str, body: str) -> tuple[str, str]:
    path = name.removesuffix(" +")
    begin = MINIMAL.format(name=Path(path).parent.name) if path != name else ""
    return path, begin + body


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.title)
def test_says_what_is_wrong(case: Case, write: Callable[[Mapping[str, str]], Path]) -> None:
    read = read_system(write(case.files))
    assert problems_text(read.problems) == case.problems
    assert read.system is None


def test_there_are_many_cases() -> None:
    titles = [case.title for case in cases()]
    assert len(titles) >= 90
    assert len(titles) == len(set(titles))
