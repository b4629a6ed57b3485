"""A rush: 200 customers at once, some with bad cards, some after the same last pieces, some impatient."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

import httpx
from invariants import settle
from shop import DECLINED, PAID, Json, Shop, told

CUSTOMERS = 200
AT_ONCE = 16
RIVAL_EACH = 16
"""Each so manieth customer wants the same scarce product; together they want more than there is."""
FEWEST_PLENTIFUL = 12
PLENTY = 30
"""What is on the shelf of a product that the rush cannot empty."""


@dataclass(frozen=True)
class Purchase:
    """What one customer does."""

    quantities: Mapping[str, int]
    token: str = PAID
    twice: bool = False
    """Presses the button a second time."""
    regrets: bool = False
    """Cancels as soon as the order is there."""


def purchases(plentiful: list[str], scarce: str, wanted: int) -> Iterator[Purchase]:
    """The customers in the order in which they come: one in 8 is declined, in 10 impatient, in 25 sorry."""
    shelf = cycle(plentiful)
    for number in range(CUSTOMERS):
        if number % RIVAL_EACH == 0:
            yield Purchase({scarce: wanted})
            continue
        basket = islice(shelf, 1 + number % 3)
        quantities = {sku: 1 + (number + place) % 3 for place, sku in enumerate(basket)}
        token = DECLINED if number % 8 == 1 else PAID
        yield Purchase(quantities, token, twice=number % 10 == 3, regrets=number % 25 == 4)


def carry_out(shop: Shop, purchase: Purchase) -> str:
    """Do what the customer does; returns the cart's id."""
    cart_id = shop.buy(purchase.quantities, purchase.token)
    if purchase.twice:
        again = shop.check_out(cart_id, purchase.token)
        assert again.status_code == httpx.codes.ACCEPTED, f"second checkout of {cart_id}: {told(again)}"
    if purchase.regrets:
        shop.cancel(shop.order_placed(cart_id)["order_id"])
    return cart_id


def choose(products: list[Json]) -> tuple[list[str], str, int, int]:
    """The plentiful SKUs, a scarce one, how many each rival wants of it, and how many there are."""
    plentiful = [product["sku"] for product in products if product["available"] >= PLENTY]
    assert len(plentiful) >= FEWEST_PLENTIFUL, f"nearly sold out: {len(plentiful)} products with {PLENTY} left"
    scarce = min((p for p in products if p["available"] > 0), key=lambda product: product["available"])
    there = scarce["available"]
    return [sku for sku in plentiful if sku != scarce["sku"]], scarce["sku"], max(1, there // 3), there


def test_a_burst_of_200_orders_leaves_everything_in_order(shop: Shop) -> None:
    plentiful, scarce, wanted, there = choose(shop.products())
    rush = list(purchases(plentiful, scarce, wanted))
    with ThreadPoolExecutor(AT_ONCE) as customers:
        carts = list(customers.map(lambda purchase: carry_out(shop, purchase), rush))
    assert len(set(carts)) == CUSTOMERS

    snapshot = settle(shop, carts)

    by_cart = {order["cart_id"]: order for order in snapshot.orders}
    ends = [(purchase, by_cart[cart_id]) for purchase, cart_id in zip(rush, carts, strict=True)]
    wrong = [order for purchase, order in ends if not plausible(purchase, order, scarce)]
    assert not wrong, f"{len(wrong)} orders ended otherwise than their customers: {wrong[:5]}"

    rivals = Counter(order["status"] for purchase, order in ends if scarce in purchase.quantities)
    assert rivals["confirmed"] * wanted <= there, f"{there} {scarce}, yet {rivals['confirmed']} got {wanted}"
    left = next(item["available"] for item in snapshot.stock if item["sku"] == scarce)
    assert not (rivals["cancelled"] and left >= wanted), f"{wanted} {scarce} were refused with {left} left"


def plausible(purchase: Purchase, order: Json, scarce: str) -> bool:
    """Whether the order is the customer's and ended as this customer's could."""
    if {item["sku"]: item["quantity"] for item in order["items"]} != dict(purchase.quantities):
        return False
    if purchase.token == DECLINED:
        return order["status"] == "cancelled"
    may_fail = purchase.regrets or scarce in purchase.quantities
    return may_fail or order["status"] == "confirmed"
