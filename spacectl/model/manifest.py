"""The two manifests as written by people: `system.toml` and `space.toml`, with every default.

Reading the files is `adapters.manifests`; what a single value cannot tell (names that point at nothing, cycles)
is `core.validate`. The descriptions stand in the JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from spacectl.model.expected import Expected
from spacectl.model.smoke import SmokeSection
from spacectl.model.strict import Strict
from spacectl.model.texts import Line, Subject
from spacectl.model.units import Between, Duration, GiveUp, GiveUpRule, Size

NAME_PATTERN = r"^[a-z][a-z0-9-]*$"
RESERVED_NAMES = frozenset({"bus", "gateway", "nats", "spacectl", "system"})
"""Names that mean something else in commands, logs and states; `nats` because NATS_URL is the bus."""

_DAY_S = 86400.0
_PETABYTE = 10**15

Name = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN, max_length=32),
    Expected('a name of at most 32 lower-case letters, digits and "-" that starts with a letter'),
]
Port = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | Literal["auto"],
    Expected('a port number from 1 to 65535 or "auto"'),
]
Runtime = Literal["process", "container"]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$"), Expected("text in quotes")]
File = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00]+$", max_length=1000),
    Expected("a path in quotes, relative to the folder of the manifest"),
]
Glob = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00]+$", max_length=200),
    Expected('a path in quotes that may hold wildcards, such as "spaces/*"'),
]
Command = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^ \t\r\n\x00][^\x00]*$")]
    | Annotated[tuple[Text, ...], Field(min_length=1, strict=False)],
    Expected('a command line in quotes, or a list of words such as ["python", "app.py"]'),
]
"""A string is run by `/bin/sh -c`; an array is executed directly, with `$NAME` expanded."""
Names = Annotated[tuple[Name, ...], Field(strict=False), Expected('a list of names such as ["orders"]')]
Subjects = Annotated[tuple[Subject, ...], Field(strict=False), Expected('a list of subjects such as ["orders.placed"]')]
Globs = Annotated[tuple[Glob, ...], Field(strict=False), Expected('a list of paths such as ["spaces/*"]')]
Files = Annotated[tuple[File, ...], Field(strict=False), Expected('a list of paths such as ["pyproject.toml"]')]
Texts = Annotated[tuple[Text, ...], Field(strict=False), Expected("a list of texts")]
BusUrl = Annotated[
    str,
    StringConstraints(pattern=r"^(nats|tls|ws|wss)://[!-~]+$", max_length=1000),
    Expected('an address that starts with nats://, tls://, ws:// or wss://, such as "nats://127.0.0.1:4222"'),
]
UrlPath = Annotated[
    str,
    StringConstraints(pattern=r"^/[!-~]*$", max_length=1000),
    Expected('a path that starts with "/", such as "/health"'),
]
Pattern = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00]+$", max_length=1000),
    Expected("a regular expression in quotes, at most 1000 characters"),
]
Image = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]+$", max_length=500),
    Expected('the name of an image, such as "orders:1.0"'),
]
EnvName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200),
    Expected('the name of a variable: letters, digits and "_", not starting with a digit'),
]


class SystemSection(Strict):
    """What the system is called and where its spaces are."""

    name: Name = Field(description="Name of the system.")
    spaces: Globs = Field(
        default=("spaces/*",),
        description="Globs below the system's folder; each folder that matches and holds a space.toml is a space.",
    )


class BusSection(Strict):
    """The messaging engine: the embedded NATS server, or an existing one."""

    port: Port = Field(default="auto", description='Port of the embedded server; "auto" takes a free one.')
    url: BusUrl | None = Field(
        default=None, description="Use this NATS server; then none is started and port, max_store and sync are its own."
    )
    max_store: Annotated[Size, Between(1, _PETABYTE)] = Field(
        default=10**9, description="How much disk all stored events may take."
    )
    sync: Literal["interval", "always"] = Field(
        default="interval",
        description='When events are forced to disk: now and then, or "always" before the publisher gets its answer.',
    )


class GatewaySection(Strict):
    """The HTTP engine between spaces."""

    port: Port = Field(
        default="auto", description='Port of the front door; "auto" takes 8080 if free, else the next free one.'
    )


class FlowSection(Strict):
    """How the flow between the spaces is read."""

    interval_s: Annotated[Duration, Between(0.1, 3600)] = Field(
        default=1.0, alias="interval", description="Pause between two looks at the engines' counters, at least 100ms."
    )


class SystemManifest(Strict):
    """A system: its name, its spaces, its bus, its gateway and how its flow is read (system.toml)."""

    system: SystemSection = Field(description="What the system is called and where its spaces are.")
    bus: BusSection = Field(default=BusSection(), description="The messaging engine.")
    gateway: GatewaySection = Field(default=GatewaySection(), description="The HTTP engine between spaces.")
    flow: FlowSection = Field(default=FlowSection(), description="How the flow between the spaces is read.")


class SpaceSection(Strict):
    """What the space is."""

    name: Name = Field(description="Name of the space; the subjects it publishes start with it.")
    summary: Line = Field(default="", description="What the space is for, in one line.")
    kind: Literal["service", "job"] = Field(
        default="service", description='A "service" keeps running; a "job" runs to completion, exit 0 is success.'
    )
    profiles: Names = Field(
        default=(), description="When not empty, the space is started only with `up --profile` and one of these."
    )


class BuildSection(Strict):
    """How the space is built, and from what: rebuilt only when the inputs change."""

    command: Command | None = Field(
        default=None, description="Builds the space: a text runs in /bin/sh -c, a list is executed directly."
    )
    inputs: Files = Field(
        default=(), description="Files, folders or globs below the space's folder; built again only when they change."
    )


class RunSection(Strict):
    """How the space is run."""

    command: Command = Field(
        description="Runs the space: a text runs in /bin/sh -c, a list is executed directly with $NAME expanded."
    )
    runtime: Runtime = Field(
        default="process", description="Whether a replica is a process of this machine or a container."
    )
    replicas: Annotated[int, Field(ge=0, le=1000)] = Field(default=1, description="How many copies run.")
    after: Names = Field(
        default=(), description="Spaces that must be ready, or jobs completed, before this one starts."
    )
    env: Annotated[dict[EnvName, Text], Expected('a table of texts such as { LOG_LEVEL = "info" }')] = Field(
        default_factory=dict, description="Environment of the space; it wins over what spacectl and env_file set."
    )
    env_file: File | None = Field(
        default=None, description="File of NAME=value lines below the space's folder, read into its environment."
    )


class ContainerSection(Strict):
    """How the space runs when the runtime is a container: build or image, one of the two, and what it may do."""

    build: File | None = Field(default=None, description="Folder with the Dockerfile, below the space's folder.")
    image: Image | None = Field(default=None, description="Name of an image; it is pulled when it is not there.")
    args: Annotated[dict[EnvName, Text], Expected('a table of texts such as { BASE_IMAGE = "python:3.13-slim" }')] = (
        Field(
            default_factory=dict,
            description="Build arguments, $NAME expanded; one that names what is not set is left to the Dockerfile.",
        )
    )
    command: Command | None = Field(
        default=None, description="What it runs in place of the image's own command: a list, or a text for /bin/sh -c."
    )
    user: Text | None = Field(
        default=None, description="User and group it runs as, such as 1000:1000; default: whoever runs spacectl."
    )
    read_only: bool = Field(default=True, description="Whether only /data and /tmp can be written.")
    capabilities: Texts = Field(
        default=(), description="Capabilities of the kernel that it has, such as NET_BIND_SERVICE; default: none."
    )


class ProbeSection(Strict):
    """One or more probes; all must pass. Empty means the default probe of the space."""

    http: UrlPath | None = Field(default=None, description="Path that must answer a GET with a 2xx or 3xx status.")
    tcp: bool = Field(default=False, description="Whether the port must accept connections.")
    exec: Command | None = Field(default=None, description="Command that must exit with 0.")
    log: Pattern | None = Field(default=None, description="Regular expression that a line of output must match.")
    timeout_s: Annotated[Duration, Between(0.001, 3600)] = Field(
        default=1.0, alias="timeout", description="How long one probe may take."
    )
    start_timeout_s: Annotated[Duration, Between(0.001, _DAY_S)] = Field(
        default=30.0, alias="start_timeout", description="How long the replica may take until it is ready."
    )
    interval_s: Annotated[Duration, Between(0.001, _DAY_S)] = Field(
        default=2.0,
        alias="interval",
        description="Pause between two probes; a replica that starts is probed at 50 ms first, then ever slower.",
    )
    failures: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3, description="How many failures in a row it takes."
    )


class RestartSection(Strict):
    """When a replica that ended is started again."""

    policy: Literal["on-failure", "always", "never"] = Field(
        default="on-failure", description="After which endings a replica is started again."
    )
    backoff_s: Annotated[Duration, Between(0, _DAY_S)] = Field(
        default=0.5,
        alias="backoff",
        description="Pause before the first restart; it doubles, with jitter. With 0s there is none.",
    )
    max_backoff_s: Annotated[Duration, Between(0, _DAY_S)] = Field(
        default=30.0, alias="max_backoff", description="Longest pause before a restart."
    )
    give_up: GiveUpRule = Field(
        default=GiveUp(count=5, window_s=60.0),
        description="After so many crashes within that time the replica is failed until someone starts it.",
    )
    reset_s: Annotated[Duration, Between(0, _DAY_S)] = Field(
        default=10.0, alias="reset", description="Ready for this long, a replica's earlier failures are forgotten."
    )


class StopSection(Strict):
    """How a replica is asked to end, and how long it may take."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"] = Field(
        default="SIGTERM", description="Signal that asks the replica to end."
    )
    timeout_s: Annotated[Duration, Between(0, _DAY_S)] = Field(
        default=10.0, alias="timeout", description="How long it may take; then SIGKILL to everything it started."
    )


class WatchSection(Strict):
    """Which files are watched while the space runs, and what a change does."""

    paths: Files = Field(default=(), description="Files and folders below the space's folder that are watched.")
    ignore: Texts = Field(default=(), description="Globs of files whose changes do not count.")
    on_change: Literal["restart", "build", "none"] = Field(
        default="restart",
        description='What a change does: "restart", "build" (then restart only if it succeeded) or "none".',
    )


class LimitsSection(Strict):
    """What one replica may use."""

    memory: Annotated[Size, Between(10**6, _PETABYTE)] | None = Field(
        default=None, description="Memory that one replica may use, at least 1MB."
    )
    cpu: Annotated[float, Field(gt=0, le=1024, allow_inf_nan=False)] | None = Field(
        default=None, description="Processors that one replica may use; 0.5 is half of one."
    )


class ApiSection(Strict):
    """The HTTP interface: whether there is one, on which port, and whose the space calls."""

    serves: bool = Field(default=True, description="Whether the space listens for HTTP on $HOST:$PORT.")
    port: Port = Field(default="auto", description='Port of its only replica; "auto" gives each a free one.')
    calls: Names = Field(default=(), description="Spaces whose API it calls; each gives it a variable NAME_URL.")


class RetentionSection(Strict):
    """How the stream that holds what the space publishes keeps it."""

    storage: Literal["file", "memory"] = Field(
        default="file", description='"memory" is for high rates that may be lost with the bus.'
    )
    max_age_s: Annotated[Duration, Between(1, 36500 * _DAY_S)] = Field(
        default=7 * _DAY_S, alias="max_age", description="How long an event is kept."
    )
    max_bytes: Annotated[Size, Between(1, _PETABYTE)] = Field(
        default=256 * 10**6, description="How much may be kept; the oldest events go first."
    )


class DeliverySection(Strict):
    """How what the space subscribes to is delivered."""

    start: Literal["all", "new"] = Field(
        default="all", description='Which events the space gets first: "all" that are kept, or only "new" ones.'
    )
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=256, description="How many events may be on their way without an acknowledgement."
    )
    max_deliver: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=5, description="How often an event is tried before it is given up."
    )
    ack_wait_s: Annotated[Duration, Between(0.001, _DAY_S)] = Field(
        default=30.0,
        alias="ack_wait",
        description="How long an acknowledgement may take before the event is sent again.",
    )


class EventsSection(Strict):
    """What the space publishes and what it subscribes to."""

    publishes: Subjects = Field(default=(), description="Subjects it may publish; each starts with its own name.")
    subscribes: Subjects = Field(default=(), description="Subjects of other spaces that it receives.")
    retention: RetentionSection = Field(
        default=RetentionSection(), description="How the stream that holds what the space publishes keeps it."
    )
    delivery: DeliverySection = Field(
        default=DeliverySection(), description="How what the space subscribes to is delivered."
    )


class SpaceManifest(Strict):
    """A space: how to build, run, probe and scale it, and what it shares with others (space.toml)."""

    space: SpaceSection = Field(description="What the space is.")
    run: RunSection = Field(description="How the space is run.")
    build: BuildSection = Field(default=BuildSection(), description="How the space is built, and from what.")
    container: ContainerSection | None = Field(
        default=None, description="Where the image comes from when the runtime is a container."
    )
    ready: ProbeSection = Field(
        default=ProbeSection(), description="Probes that must pass before the space gets traffic; the default fits it."
    )
    alive: ProbeSection | None = Field(default=None, description="Probes whose failure restarts the replica.")
    restart: RestartSection = Field(default=RestartSection(), description="When a replica that ended is started again.")
    stop: StopSection = Field(default=StopSection(), description="How a replica is asked to end.")
    watch: WatchSection = Field(default=WatchSection(), description="Which files are watched, and what a change does.")
    limits: LimitsSection = Field(default=LimitsSection(), description="What one replica may use.")
    api: ApiSection = Field(default=ApiSection(), description="The HTTP interface it offers, and whose it calls.")
    events: EventsSection = Field(default=EventsSection(), description="What it publishes and subscribes to.")
    smoke: Annotated[tuple[SmokeSection, ...], Field(strict=False), Expected("[[smoke]] tables")] = Field(
        default=(), description="Checks of the running space that need no program; `spacectl check` runs them."
    )
