"""`contract-ignore.toml`: differences between contracts that are known, each with a reason and a date."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from spacectl.model.expected import Expected
from spacectl.model.manifest import Name
from spacectl.model.strict import Strict
from spacectl.model.texts import Line


class Ignored(Strict):
    """One known difference; what is not given matches all."""

    via: Annotated[Line, Expected('a subject such as "orders.placed", or a call such as "GET /orders/{order_id}"')] = (
        Field(description="The subject, or the method and path, or the file.")
    )
    sender: Name | None = Field(default=None, description="The space that sends.")
    receiver: Name | None = Field(default=None, description="The space that receives.")
    pointer: Annotated[Line, Expected('a JSON pointer such as "/total_cents"')] | None = Field(
        default=None,
        description="JSON pointer into the message, or into one of the documents; what is below matches, too.",
    )
    reason: Line = Field(min_length=1, description="Why it does not matter.")
    until: Annotated[date, Expected("a date such as 2026-12-31")] = Field(
        description="The last day on which it is ignored."
    )


class IgnoreFile(Strict):
    """The whole file."""

    ignore: Annotated[tuple[Ignored, ...], Field(strict=False), Expected("[[ignore]] tables")] = Field(
        default=(), description="The known differences."
    )
