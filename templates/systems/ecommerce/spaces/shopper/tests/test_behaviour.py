from collections import Counter
from random import Random
from statistics import mean, median

import pytest

from shopper.behaviour import (
    AMONG_BUYERS,
    IS_DECLINED,
    LONGEST_THINK,
    PAYS,
    Cancel,
    CheckOut,
    Follow,
    Intent,
    Put,
    PutTooMany,
    Thought,
    View,
    gap_s,
    intent,
    pause_s,
    pick,
    scarcest,
    visit,
)

BUYERS = set(AMONG_BUYERS)


def product(sku: str, available: int = 5) -> dict[str, object]:
    return {"sku": sku, "available": available}


def steps(thoughts: tuple[Thought, ...]) -> list[object]:
    return [thought.step for thought in thoughts]


@pytest.mark.parametrize("wish", Intent)
def test_the_same_seed_makes_the_same_visit(wish: Intent) -> None:
    assert visit(Random("a"), wish, 2.0) == visit(Random("a"), wish, 2.0)
    assert len({visit(Random(seed), wish, 2.0) for seed in range(20)}) > 10


@pytest.mark.parametrize("wish", Intent)
@pytest.mark.parametrize("seed", range(20))
def test_only_buyers_check_out_and_only_once(wish: Intent, seed: int) -> None:
    checkouts = [step for step in steps(visit(Random(seed), wish, 1.0)) if isinstance(step, CheckOut)]
    assert len(checkouts) == (wish in BUYERS)


@pytest.mark.parametrize("seed", range(20))
def test_each_wish_leads_to_what_it_says(seed: int) -> None:
    done = {wish: steps(visit(Random(seed), wish, 1.0)) for wish in Intent}
    assert not any(isinstance(step, Put) for step in done[Intent.LOOK])
    assert any(isinstance(step, Put) for step in done[Intent.ABANDON])
    assert CheckOut(PAYS) in done[Intent.BUY]
    assert CheckOut(IS_DECLINED) in done[Intent.BUY_WITH_BAD_CARD]
    assert PutTooMany() in done[Intent.BUY_TOO_MUCH]
    assert done[Intent.BUY_AND_REGRET][-2:] == [Cancel(), Follow()]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_put_into_a_cart_before_it_was_viewed(seed: int) -> None:
    for wish in Intent:
        kinds = [type(step) for step in steps(visit(Random(seed), wish, 1.0))]
        assert Put not in kinds or kinds.index(View) < kinds.index(Put)


@pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
def test_the_share_of_buyers_is_the_one_asked_for(share: float) -> None:
    rng = Random(7)
    wishes = Counter(intent(rng, share) in BUYERS for _ in range(5000))
    assert wishes[True] / 5000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("rate", [0.5, 2.0, 100.0])
def test_arrivals_are_as_frequent_as_asked_for_and_irregular(rate: float) -> None:
    rng = Random(7)
    gaps = [gap_s(rng, rate) for _ in range(5000)]
    assert mean(gaps) == pytest.approx(1 / rate, rel=0.05)
    assert median(gaps) < 0.8 * mean(gaps)  # exponential: many short ones, a few long


def test_pauses_are_around_their_median_and_bounded() -> None:
    rng = Random(7)
    pauses = [pause_s(rng, 2.0) for _ in range(5000)]
    assert median(pauses) == pytest.approx(2.0, rel=0.05)
    assert 0 < min(pauses) <= max(pauses) <= 2.0 * LONGEST_THINK
    assert pause_s(rng, 0.0) == 0


def test_some_products_are_far_more_popular_in_any_order_of_the_screen() -> None:
    screen = [product(f"KIT-{number:04}") for number in range(20)]
    forwards, backwards = Random(7), Random(8)
    seen = Counter(pick(forwards, screen)["sku"] for _ in range(2000))
    again = Counter(pick(backwards, screen[::-1])["sku"] for _ in range(2000))
    (favourite, times), *_, (_, least) = seen.most_common()
    assert again.most_common(1)[0][0] == favourite
    assert times > 5 * least


def test_nobody_picks_what_is_sold_out() -> None:
    screen = [product("A-0001", 0), product("A-0002", 1)]
    assert {pick(Random(seed), screen)["sku"] for seed in range(20)} == {"A-0002"}
    assert pick(Random(1), [product("A-0001", 0)]) is None
    assert pick(Random(1), []) is None


def test_the_scarcest_has_the_least_on_the_shelf() -> None:
    assert scarcest([product("B", 3), product("A", 0), product("C", 9)])["sku"] == "A"
    assert scarcest([]) is None
