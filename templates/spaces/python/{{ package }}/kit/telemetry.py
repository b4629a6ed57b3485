"""Traces, when `OTEL_EXPORTER_OTLP_ENDPOINT` says where to send them; otherwise nothing is imported for them.

The trace goes along with an event from the transaction that caused it: `current_trace` is stored in the outbox, the
relay opens a PRODUCER span under it, and the subscriber's span continues from the headers of the message.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import sqlalchemy as sa
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

FLUSH_S = 0.5
"""How long a stop may wait for a collector that does not answer."""

_provider: TracerProvider | None = None


class _Outgoing(Protocol):
    subject: str
    id: str
    trace: dict[str, str]


def start(service: str, engine: sa.Engine) -> None:
    """Sends spans of calls, transactions and messages to the collector.

    Exporter and resource take everything else they need from the `OTEL_*` variables.
    """
    global _provider
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over the name given here.
    resource = Resource({"service.name": service}).merge(Resource.create())
    _provider = TracerProvider(resource=resource)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=1000))
    trace.set_tracer_provider(_provider)
    HTTPXClientInstrumentor().instrument(tracer_provider=_provider)
    SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=_provider)


def stop() -> None:
    """Sends what is left, and does not wait long for it."""
    global _provider
    provider, _provider = _provider, None
    if provider is not None:
        # `shutdown` retries against a collector that is gone for longer than a stop may take.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_S)


def trace_requests(app: FastAPI) -> None:
    """Makes each request a span, but for health probes. Call after `start`, before the app runs."""
    if _provider is None:
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(app, excluded_urls="health", tracer_provider=_provider)


def middlewares() -> Sequence[Any]:
    """What the broker needs so that handling a message is a span. Call after `start`."""
    if _provider is None:
        return ()
    from faststream.nats.opentelemetry import NatsTelemetryMiddleware

    return (NatsTelemetryMiddleware(tracer_provider=_provider),)


def current_trace() -> dict[str, str]:
    """The headers that continue the current span: empty without one."""
    carrier: dict[str, str] = {}
    if _provider is not None:
        from opentelemetry import propagate

        propagate.inject(carrier)
    return carrier


def published(event: _Outgoing) -> Mapping[str, str]:
    """Notes that an event is sent, as a span of its own; returns the headers that continue it."""
    if _provider is None:
        return {}
    from opentelemetry import propagate
    from opentelemetry.trace import SpanKind, set_span_in_context

    span = _provider.get_tracer(__name__).start_span(
        f"{event.subject} publish",
        context=propagate.extract(event.trace),
        kind=SpanKind.PRODUCER,
        attributes={
            "messaging.system": "nats",
            "messaging.operation.type": "send",
            "messaging.destination.name": event.subject,
            "messaging.message.id": event.id,
        },
    )
    headers: dict[str, str] = {}
    propagate.inject(headers, context=set_span_in_context(span))
    span.end()
    return headers
