from __future__ import annotations

import pytest

from spacectl.errors import UsageError
from spacectl.scaffold.names import listed, near_or_all, own_subject, python_package, space_name, system_name


@pytest.mark.parametrize("name", ["shop", "a", "order-history", "a1-", "x" * 32])
def test_a_name_that_manifests_take_is_kept(name: str) -> None:
    assert system_name(name) == name


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("My Shop", "my-shop"),
        ("MyShop", "my-shop"),
        ("2nd_shop", "nd-shop"),
        ("shop\n", "shop"),
        ("Ünï", "n"),
        ("x" * 33, "x" * 32),
        ("--data", "data"),
    ],
)
def test_any_other_name_is_refused_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        system_name(text)
    assert caught.value.hint == f'did you mean "{near}"?'


@pytest.mark.parametrize("text", ["", "..", "42", "日本"])
def test_a_name_with_nothing_in_it_has_no_suggestion(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        system_name(text)
    assert caught.value.hint is None


def test_a_space_cannot_take_a_word_that_commands_use() -> None:
    with pytest.raises(UsageError, match='"bus"'):
        space_name("bus")


@pytest.mark.parametrize(("space", "package"), [("orders", "orders"), ("order-history", "order_history")])
def test_the_package_of_a_space(space: str, package: str) -> None:
    assert python_package(space) == package


@pytest.mark.parametrize("space", ["class", "email", "json"])
def test_a_package_that_python_could_not_import_is_refused(space: str) -> None:
    with pytest.raises(UsageError, match="Python"):
        python_package(space)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("placed", 'write "orders.placed"'),
        ("order.placed", 'write "orders.placed"'),
        ("payments.captured", 'write "orders.payments.captured"'),
        ("", 'a subject is written like "orders.placed"'),
        ("pla ced", 'a subject is written like "orders.placed"'),
        ("orders.>", 'a subject is written like "orders.placed"'),
    ],
)
def test_a_subject_of_somebody_else_is_refused_with_the_full_one(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        own_subject(text, "orders")
    assert caught.value.hint == hint


def test_a_full_subject_is_kept() -> None:
    assert own_subject("orders.placed.v2", "orders") == "orders.placed.v2"


def test_lists_may_be_repeated_and_separated_by_commas() -> None:
    assert listed(["a.b, c.d", "", "a.b,", "e.f"]) == ("a.b", "c.d", "e.f")


def test_the_nearest_name_or_all_of_them() -> None:
    assert near_or_all("catalgo", ["catalog", "cart"]) == 'did you mean "catalog"?'
    assert near_or_all("zzz", ["catalog", "cart"]) == "there is cart, catalog"
    assert near_or_all("zzz", []) is None
