import asyncio
from random import Random

import httpx
import pytest
from in_memory_shop import URLS, InMemoryShop

from shopper import shop as shop_module
from shopper.behaviour import (
    Browse,
    Cancel,
    CheckOut,
    Follow,
    Intent,
    Put,
    PutTooMany,
    Search,
    Step,
    TakeOut,
    Thought,
    View,
    visit,
)
from shopper.customer import Customer
from shopper.shop import TRIES, GaveUpError, RefusedError, Shop
from shopper.tally import Count, Tally


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_module, "FIRST_PAUSE_S", 0.0)


def shopping(there: InMemoryShop, *steps: Step, seed: str = "a") -> Tally:
    """What is counted when one customer takes these steps."""
    return visiting(there, tuple(Thought(0.0, step) for step in steps), seed)


def visiting(there: InMemoryShop, thoughts: tuple[Thought, ...], seed: str = "a") -> Tally:
    tally = Tally()

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(there)) as http:
            shop = Shop(http, URLS, tally, Random(seed))
            await Customer("ann", shop, Random(seed), tally).visit(thoughts)

    asyncio.run(run())
    return tally


def test_a_buyer_gets_an_order() -> None:
    there = InMemoryShop()
    tally = shopping(there, Browse(), View(), Put(2), CheckOut("tok_visa"), Follow())
    assert tally.counts == {Count.CHECKED_OUT: 1, Count.CONFIRMED: 1}
    assert list(there.carts["cart-0"].values()) == [2]
    assert there.orders[0]["customer_id"] == "ann"


def test_a_bad_card_ends_in_a_cancelled_order() -> None:
    tally = shopping(InMemoryShop(), Browse(), View(), Put(1), CheckOut("tok_declined"), Follow())
    assert tally.counts == {Count.CHECKED_OUT: 1, Count.CANCELLED: 1}


def test_regret_in_time_cancels() -> None:
    there = InMemoryShop(slow=True)
    tally = shopping(there, Browse(), View(), Put(1), CheckOut("tok_visa"), Cancel(), Follow())
    assert tally.counts == {Count.CHECKED_OUT: 1, Count.CANCELLED: 1}


def test_regret_that_comes_too_late_is_told_and_the_order_stays() -> None:
    tally = shopping(InMemoryShop(), Browse(), View(), Put(1), CheckOut("tok_visa"), Cancel(), Follow())
    assert tally.counts == {Count.CHECKED_OUT: 1, Count.REFUSED: 1, Count.CONFIRMED: 1}


def test_too_many_is_one_more_than_there_is_of_the_scarcest() -> None:
    there = InMemoryShop()
    shopping(there, Browse(), PutTooMany(), CheckOut("tok_visa"), Follow())
    assert there.carts["cart-0"] == {"KIT-0000": 1}


def test_a_full_cart_left_behind_is_abandoned_and_an_empty_one_was_a_look() -> None:
    assert shopping(InMemoryShop(), Browse(), View(), Put(1)).counts == {Count.ABANDONED: 1}
    assert shopping(InMemoryShop(), Browse(), View(), Put(1), TakeOut(), CheckOut("tok_visa")).counts == {
        Count.LOOKED: 1
    }
    assert shopping(InMemoryShop(), Search("unicorn"), View(), Put(1)).counts == {Count.LOOKED: 1}


@pytest.mark.parametrize("failure", [None, 502, 503, 504])
def test_a_space_that_is_away_is_asked_again(failure: int | None) -> None:
    there = InMemoryShop(fail_next=[failure] * (TRIES - 1))
    tally = shopping(there, Browse())
    assert tally.counts == {Count.ERRORS: TRIES - 1, Count.LOOKED: 1}


def test_customers_leave_when_nobody_answers() -> None:
    there = InMemoryShop(fail_next=[None] * 100)
    tally = shopping(there, Browse(), View())
    assert tally.counts == {Count.ERRORS: TRIES, Count.GAVE_UP: 1}
    assert len(there.requests) == TRIES


def test_a_no_is_not_asked_again() -> None:
    there = InMemoryShop(fail_next=[409])
    assert shopping(there, Browse()).counts == {Count.REFUSED: 1}
    assert len(there.requests) == 1


def test_a_fault_of_a_space_is_counted_as_one() -> None:
    assert shopping(InMemoryShop(fail_next=[500]), Browse()).counts == {Count.ERRORS: 1, Count.REFUSED: 1}


@pytest.mark.parametrize("wish", Intent)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_every_wish_can_be_carried_out_and_the_same_seed_does_the_same(wish: Intent, seed: str) -> None:
    once, again = InMemoryShop(), InMemoryShop()
    tallies = [visiting(there, visit(Random(seed), wish, 0.0), seed) for there in (once, again)]
    assert once.requests == again.requests
    assert tallies[0].counts == tallies[1].counts
    assert tallies[0].counts.total() >= 1


def test_the_errors_say_what_was_asked() -> None:
    async def ask(there: InMemoryShop) -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(there)) as http:
            await Shop(http, URLS, Tally(), Random(1)).ask("GET", "catalog", "/products/X")

    with pytest.raises(GaveUpError, match="GET catalog/products/X"):
        asyncio.run(ask(InMemoryShop(fail_next=[None] * TRIES)))
    with pytest.raises(RefusedError, match="GET catalog/products/X: 404"):
        asyncio.run(ask(InMemoryShop(fail_next=[404])))
