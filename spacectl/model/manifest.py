"""The two manifests as written by people: `system.toml` and `space.toml`, with every default.

Reading the files is `adapters.manifests`; what a single value cannot tell (names that point at nothing, cycles)
is `core.validate`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from spacectl.model.strict import Strict
from spacectl.model.units import Duration, GiveUp, GiveUpRule, Size

NAME_PATTERN = r"^[a-z][a-z0-9-]*$"
SUBJECT_PATTERN = r"^[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+)+$"
RESERVED_NAMES = frozenset({"bus", "gateway", "spacectl", "system"})
"""Names that mean something else in commands, logs and states."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=32)]
Subject = Annotated[str, StringConstraints(pattern=SUBJECT_PATTERN, max_length=200)]
Port = Annotated[int, Field(ge=1, le=65535)] | Literal["auto"]
Command = str | Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
"""A string is run by `/bin/sh -c`; an array is executed directly, with `$NAME` expanded."""
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Subjects = Annotated[tuple[Subject, ...], Field(strict=False)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]


class SystemSection(Strict):
    """What the system is called and where its spaces are."""

    name: Name
    spaces: Texts = ("spaces/*",)


class BusSection(Strict):
    """The messaging engine: the embedded NATS server, or an existing one."""

    port: Port = "auto"
    url: str | None = None
    max_store: Size = 10**9
    sync: Literal["interval", "always"] = "interval"


class GatewaySection(Strict):
    """The HTTP engine between spaces."""

    port: Port = "auto"


class SystemManifest(Strict):
    """A whole `system.toml`."""

    system: SystemSection
    bus: BusSection = BusSection()
    gateway: GatewaySection = GatewaySection()


class SpaceSection(Strict):
    """What the space is."""

    name: Name
    summary: str = ""
    kind: Literal["service", "job"] = "service"
    profiles: Names = ()


class BuildSection(Strict):
    """How the space is built, and from what: rebuilt only when the inputs change."""

    command: Command | None = None
    inputs: Texts = ()


class RunSection(Strict):
    """How the space is run."""

    command: Command
    runtime: Literal["process", "container"] = "process"
    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    after: Names = ()
    env: dict[str, str] = Field(default_factory=dict)
    env_file: str | None = None


class ContainerSection(Strict):
    """Where the image comes from when the runtime is a container."""

    build: str | None = None
    image: str | None = None


class ProbeSection(Strict):
    """One or more probes; all must pass. Empty means the default probe of the space."""

    http: str | None = None
    tcp: bool = False
    exec: Command | None = None
    log: str | None = None
    timeout_s: Duration = Field(default=1.0, alias="timeout")
    start_timeout_s: Duration = Field(default=30.0, alias="start_timeout")
    interval_s: Duration = Field(default=2.0, alias="interval")
    failures: Annotated[int, Field(ge=1, le=1000)] = 3


class RestartSection(Strict):
    """When a replica that ended is started again."""

    policy: Literal["on-failure", "always", "never"] = "on-failure"
    backoff_s: Duration = Field(default=0.5, alias="backoff")
    max_backoff_s: Duration = Field(default=30.0, alias="max_backoff")
    give_up: GiveUpRule = GiveUp(count=5, window_s=60.0)
    reset_s: Duration = Field(default=10.0, alias="reset")


class StopSection(Strict):
    """How a replica is asked to end, and how long it may take."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"] = "SIGTERM"
    timeout_s: Duration = Field(default=10.0, alias="timeout")


class WatchSection(Strict):
    """Which files are watched while the space runs, and what a change does."""

    paths: Texts = ()
    ignore: Texts = ()
    on_change: Literal["restart", "build", "none"] = "restart"


class LimitsSection(Strict):
    """What one replica may use."""

    memory: Size | None = None
    cpu: Annotated[float, Field(gt=0, le=1024, strict=False)] | None = None


class ApiSection(Strict):
    """The HTTP interface: whether there is one, on which port, and whose the space calls."""

    serves: bool = True
    port: Port = "auto"
    calls: Names = ()


class RetentionSection(Strict):
    """How the stream that holds what the space publishes keeps it."""

    storage: Literal["file", "memory"] = "file"
    max_age_s: Duration = Field(default=7 * 86400.0, alias="max_age")
    max_bytes: Size = 256 * 10**6


class DeliverySection(Strict):
    """How what the space subscribes to is delivered."""

    start: Literal["all", "new"] = "all"
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 256
    max_deliver: Annotated[int, Field(ge=1, le=1000)] = 5
    ack_wait_s: Duration = Field(default=30.0, alias="ack_wait")


class EventsSection(Strict):
    """What the space publishes and what it subscribes to."""

    publishes: Subjects = ()
    subscribes: Subjects = ()
    retention: RetentionSection = RetentionSection()
    delivery: DeliverySection = DeliverySection()


class SpaceManifest(Strict):
    """A whole `space.toml`."""

    space: SpaceSection
    run: RunSection
    build: BuildSection = BuildSection()
    container: ContainerSection | None = None
    ready: ProbeSection = ProbeSection()
    alive: ProbeSection | None = None
    restart: RestartSection = RestartSection()
    stop: StopSection = StopSection()
    watch: WatchSection = WatchSection()
    limits: LimitsSection = LimitsSection()
    api: ApiSection = ApiSection()
    events: EventsSection = EventsSection()
