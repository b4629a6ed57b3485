from __future__ import annotations

import graphlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacectl.core.cycles import cycles


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({}, []),
        ({"a": ["b"], "b": []}, []),
        ({"a": ["x"]}, []),
        ({"a": ["a"]}, [("a", "a")]),
        ({"b": ["a"], "a": ["b"]}, [("a", "b", "a")]),
        ({"c": ["a"], "a": ["b"], "b": ["c"], "d": ["a"]}, [("a", "b", "c", "a")]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, [("a", "b", "a"), ("c", "d", "c")]),
    ],
)
def test_cycles(graph: dict[str, list[str]], found: list[tuple[str, ...]]) -> None:
    assert list(cycles(graph)) == found


NODES = "abcdef"


@given(st.fixed_dictionaries({node: st.lists(st.sampled_from(NODES), unique=True) for node in NODES}))
def test_finds_cycles_where_there_are_any_and_only_real_ones(graph: dict[str, list[str]]) -> None:
    found = list(cycles(graph))
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in graph[before] for before, after in itertools.pairwise(cycle))
    try:
        graphlib.TopologicalSorter(graph).prepare()
        assert not found
    except graphlib.CycleError:
        assert found


def test_a_long_chain_needs_no_recursion() -> None:
    graph = {str(number): [str(number + 1)] for number in range(20_000)}
    assert list(cycles(graph)) == []
