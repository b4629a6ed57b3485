"""What must be true of the shop whatever happened to it before."""

from invariants import broken, listed, settle, take_snapshot
from shop import Shop


def test_nothing_is_shown_that_must_never_be(shop: Shop) -> None:
    found = broken(take_snapshot(shop))
    assert not found, f"\n{listed(found)}"


def test_every_invariant_holds_in_the_end(shop: Shop) -> None:
    settle(shop)
