"""What every space needs and no domain should see: files, the bus, the outbox and the inbox, traces.

- settings: the environment, decoded once
- process: log lines and the way the process ends
- database: SQLite: one thread writes, two read
- events: payloads, and events as CloudEvents in the headers of a message
- outbox: events leave exactly when the change that caused them is committed
- inbox: an event delivered twice is handled once
- locks: turns between replicas
- deliveries: what happens to one message
- tasks: ending them for certain
- bus: NATS: deliveries in, events out
- telemetry: OpenTelemetry, only when there is somewhere to send it
- callees: HTTP clients of the spaces this one calls
- service: joins all of it to a FastAPI application
- contract: the OpenAPI and AsyncAPI documents
"""
