"""What must be true of the whole shop: some of it at every moment, the rest when nothing is on its way."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from shop import FINAL, Json, Shop
from waiting import PATIENCE_S, until

SHOWN = 25
"""How many findings a message lists; a shop with a fault may have thousands."""


@dataclass(frozen=True)
class Snapshot:
    """What the spaces say, asked one after the other: only what a single one says is from a single moment."""

    orders: tuple[Json, ...]
    payments: tuple[Json, ...]
    stock: tuple[Json, ...]


def take_snapshot(shop: Shop) -> Snapshot:
    return Snapshot(tuple(shop.all_orders()), tuple(shop.all_payments()), tuple(shop.all_stock()))


def broken(snapshot: Snapshot) -> list[str]:
    """What no moment may show, in words. Waiting does not mend it."""
    return [
        *_impossible_stock(snapshot.stock),
        *_doubled_orders(snapshot.orders),
        *_doubled_captures(snapshot.payments),
    ]


def unsettled(snapshot: Snapshot, carts: Collection[str] = ()) -> list[str]:
    """What the end may not show, in words; each of `carts` was checked out and must be an order by then."""
    return [
        *_open_orders(snapshot.orders),
        *_carts_without_order(snapshot.orders, carts),
        *_wrong_stock(snapshot),
        *_wrong_money(snapshot),
    ]


def settle(shop: Shop, carts: Collection[str] = (), *, within_s: float = PATIENCE_S) -> Snapshot:
    """Wait until every invariant holds over the whole shop. Traffic that goes on may keep it from settling.

    Raises:
        AssertionError: one is broken for good, or some do not hold at the deadline; the message lists them.
    """

    def holds(snapshot: Snapshot) -> bool:
        found = broken(snapshot)
        assert not found, f"the shop shows what must never be:\n{listed(found)}"
        return not unsettled(snapshot, carts)

    return until(
        lambda: take_snapshot(shop),
        holds,
        "the invariants of the whole shop",
        within_s=within_s,
        show=lambda snapshot: listed(unsettled(snapshot, carts)),
    )


def listed(found: list[str]) -> str:
    """Findings one to a line, the first of them when they are many."""
    more = [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join(f"  - {line}" for line in [*found[:SHOWN], *more])


def _impossible_stock(stock: Iterable[Json]) -> Iterator[str]:
    for item in stock:
        sku = item["sku"]
        numbers = {name: item[name] for name in ("initial", "available", "reserved", "sold")}
        if min(numbers.values()) < 0:
            yield f"stock of {sku} is negative: {numbers}"
        if item["available"] + item["reserved"] != item["initial"] - item["sold"]:
            yield f"stock of {sku} does not add up: {numbers}"


def _doubled_orders(orders: Iterable[Json]) -> Iterator[str]:
    by_cart = defaultdict(list)
    for order in orders:
        by_cart[order["cart_id"]].append(f"{order['order_id']} ({order['status']})")
    for cart_id, found in by_cart.items():
        if len(found) > 1:
            yield f"cart {cart_id} became {len(found)} orders: {', '.join(found)}"


def _doubled_captures(payments: Iterable[Json]) -> Iterator[str]:
    captures = Counter(payment["order_id"] for payment in payments if payment["status"] == "captured")
    for order_id, count in captures.items():
        if count > 1:
            yield f"order {order_id} was captured {count} times"


def _open_orders(orders: Iterable[Json]) -> Iterator[str]:
    for order in orders:
        if order["status"] not in FINAL:
            way = " → ".join(step["status"] for step in order["history"])
            yield f"order {order['order_id']} is neither confirmed nor cancelled: {way}"


def _carts_without_order(orders: Iterable[Json], carts: Collection[str]) -> Iterator[str]:
    for cart_id in sorted(set(carts) - {order["cart_id"] for order in orders}):
        yield f"cart {cart_id} was checked out and has no order"


def _wrong_stock(snapshot: Snapshot) -> Iterator[str]:
    confirmed: Counter[str] = Counter()
    for order in snapshot.orders:
        if order["status"] == "confirmed":
            confirmed.update({item["sku"]: item["quantity"] for item in order["items"]})
    for item in snapshot.stock:
        if item["sold"] != confirmed[item["sku"]]:
            yield f"{item['sold']} of {item['sku']} are sold, confirmed orders hold {confirmed[item['sku']]}"
        if item["reserved"]:
            yield f"{item['reserved']} of {item['sku']} are reserved"


def _wrong_money(snapshot: Snapshot) -> Iterator[str]:
    captured = {p["order_id"]: p["amount_cents"] for p in snapshot.payments if p["status"] == "captured"}
    statuses = defaultdict(list)
    for payment in snapshot.payments:
        statuses[payment["order_id"]].append(payment["status"])
    for order in snapshot.orders:
        order_id, paid = order["order_id"], captured.pop(order["order_id"], None)
        seen = f"its payments: {', '.join(statuses[order_id]) or 'none'}"
        if order["status"] == "confirmed" and paid is None:
            yield f"order {order_id} is confirmed and nothing is captured; {seen}"
        if order["status"] == "confirmed" and paid not in (None, order["total_cents"]):
            yield f"order {order_id} is over {order['total_cents']} cents and {paid} are captured"
        if order["status"] == "cancelled" and paid is not None:
            yield f"order {order_id} is cancelled ({order['reason']}) and keeps {paid} cents; {seen}"
    for order_id, paid in captured.items():
        yield f"{paid} cents are captured for order {order_id}, which does not exist"
