"""What payments does when something happened in orders or catalog. Each runs in one transaction."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from . import store
from .domain import WAITS_AS, Happening, Status, Step, authorise, step
from .events import Captured, Declined, OrderCancelled, OrderPlaced, Refunded, StockReserved
from .kit import outbox
from .kit.deliveries import Handlers
from .kit.events import Event
from .store import Record

log = logging.getLogger(__name__)


def on_placed(connection: sa.Connection, event: Event[OrderPlaced]) -> None:
    """Now it is known what is due."""
    order = event.payload
    happen(
        connection,
        order.order_id,
        Happening.PLACED,
        amount_cents=order.total_cents,
        currency=order.currency,
        token=order.payment_token,
    )


def on_stock_reserved(connection: sa.Connection, event: Event[StockReserved]) -> None:
    """Now the money may be taken."""
    happen(connection, event.payload.order_id, Happening.RESERVED)


def on_cancelled(connection: sa.Connection, event: Event[OrderCancelled]) -> None:
    """No money may be taken any more; what was taken goes back."""
    happen(connection, event.payload.order_id, Happening.CANCELLED)


def happen(connection: sa.Connection, order_id: str, happening: Happening, **learned: object) -> None:
    """Moves the payment for an order.

    Args:
        connection: the transaction.
        order_id: whose payment.
        happening: what happened.
        **learned: what became known of it; kept even when nothing else changes.
    """
    before = store.known(connection, order_id)
    if learned:
        store.save(connection, order_id, **learned)
    match step(before.status if before else None, happening):
        case Step.WAIT:
            store.save(connection, order_id, status=WAITS_AS[happening])
        case Step.VOID:
            store.save(connection, order_id, status=Status.VOID)
        case Step.CHARGE:
            _charge(connection, _known(connection, order_id))
        case Step.REFUND:
            _refund(connection, _known(connection, order_id))
        case None:
            pass


def _charge(connection: sa.Connection, payment: Record) -> None:
    amount_cents, currency = payment.amount_cents or 0, payment.currency or ""
    declined = authorise(payment.token or "", amount_cents)
    if declined is None:
        store.save(connection, payment.order_id, status=Status.CAPTURED)
        outbox.put(
            connection,
            Captured(
                order_id=payment.order_id,
                payment_id=payment.payment_id,
                amount_cents=amount_cents,
                currency=currency,
            ),
        )
        log.info("payment for order %s captured: %d cents", payment.order_id, amount_cents)
    else:
        store.save(connection, payment.order_id, status=Status.DECLINED, reason=declined.reason)
        outbox.put(connection, Declined(order_id=payment.order_id, reason=declined.reason))
        log.info("payment for order %s declined: %s", payment.order_id, declined.reason)


def _refund(connection: sa.Connection, payment: Record) -> None:
    amount_cents = payment.amount_cents or 0
    store.save(connection, payment.order_id, status=Status.REFUNDED)
    outbox.put(
        connection,
        Refunded(order_id=payment.order_id, payment_id=payment.payment_id, amount_cents=amount_cents),
    )
    log.info("payment for order %s refunded: %d cents", payment.order_id, amount_cents)


def _known(connection: sa.Connection, order_id: str) -> Record:
    record = store.known(connection, order_id)
    if record is None:
        raise LookupError(f"there is no payment for order {order_id}")
    return record


HANDLERS: Handlers = {
    OrderPlaced: on_placed,
    StockReserved: on_stock_reserved,
    OrderCancelled: on_cancelled,
}
