"""`[[smoke]]` of a `space.toml`: a check of the running space that needs no program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from spacectl.model.expected import Expected
from spacectl.model.strict import Strict
from spacectl.model.texts import Line, Subject
from spacectl.model.units import Between, Duration

RequestLine = Annotated[
    str,
    StringConstraints(pattern=r"^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /[!-~]*$", max_length=1000),
    Expected('a method and a path such as "POST /orders"'),
]
Json = Annotated[JsonValue, Expected("a value that JSON can hold: no date, no time, no infinite number")]


class SmokeSection(Strict):
    """One smoke check: a request and its answer, or an event and what it causes."""

    name: Line | None = Field(default=None, description="What the check says; by default what it does.")
    request: RequestLine | None = Field(
        default=None, description="Method and path that the space is asked through the front door."
    )
    publish: Subject | None = Field(default=None, description="Subject of an event that is published for it.")
    body: Json | None = Field(default=None, alias="json", description="Body of the request, or data of the event.")
    expect: Annotated[int, Field(ge=100, le=599)] = Field(default=200, description="Status of the answer.")
    expect_json: Json | None = Field(
        default=None,
        description="What the answer must hold, or the expected event where there is no request; it may hold more.",
    )
    expect_event: Subject | None = Field(default=None, description="Subject of an event that must come then.")
    within_s: Annotated[Duration, Between(0.001, 3600)] = Field(
        default=5.0,
        alias="within",
        description="How long the event may take; so long a GET or HEAD is asked again until the answer is right.",
    )
