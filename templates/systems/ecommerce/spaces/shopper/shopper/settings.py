"""What the environment says: how many customers come, how they think, and where the shop is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

SPACES = ("catalog", "cart", "orders")


class SettingError(Exception):
    """A variable is missing or makes no sense; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the traffic is."""

    urls: Mapping[str, str]
    """The base URL of each space that customers talk to."""
    rate: float = 2.0
    """Customers per second, on average."""
    buyers: float = 0.35
    """The share of customers who check out, 0 to 1."""
    think_s: float = 2.0
    """The median pause between two things a customer does, in seconds."""
    max_customers: int = 200
    """How many may be in the shop at once; whoever comes when it is full goes away."""
    summary_s: float = 10.0
    """The time between two summary lines, in seconds."""
    seed: str = "shopper"
    """The same seed, replica and answers make the same customers."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that the environment describes; what it does not name has its default.

    Raises:
        SettingError: a variable is missing or makes no sense.
    """
    default = Settings(urls={})
    seed = environment.get("SEED", default.seed)
    return Settings(
        urls={space: _url(environment, space) for space in SPACES},
        rate=_number(environment, "RATE", default.rate, least=0.001, most=10_000),
        buyers=_number(environment, "BUYERS", default.buyers, least=0, most=1),
        think_s=_number(environment, "THINK_S", default.think_s, least=0, most=3600),
        max_customers=int(_number(environment, "MAX_CUSTOMERS", default.max_customers, least=1, most=10_000)),
        summary_s=_number(environment, "SUMMARY_S", default.summary_s, least=0.1, most=3600),
        seed=f"{seed}.{environment.get('REPLICA', '1')}",  # replicas must not be each other's doubles
    )


def _url(environment: Mapping[str, str], space: str) -> str:
    name = f"{space.upper()}_URL"
    try:
        return environment[name].rstrip("/")
    except KeyError:
        raise SettingError(f"{name} is not set: it is the address of {space}") from None


def _number(environment: Mapping[str, str], name: str, default: float, *, least: float, most: float) -> float:
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise SettingError(f"{name}={text}: it must be a number from {least:g} to {most:g}")
    return number
