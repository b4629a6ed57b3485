"""Who may ask the cockpit's web server: only who knows its secret, and no page of another site in their name."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

OWN_NAMES = frozenset({"127.0.0.1", "localhost"})
"""A page whose name was made to point here (DNS rebinding) still asks by its own name. The port may be another one:
that of a tunnel."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request says of who sends it.

    Attributes:
        host: the server's name and port, as the browser knows them (`Host`).
        origin: the page that asks (`Origin`); browsers always say so where they open a websocket (RFC 6455, 4.1).
        secrets: what was given as the secret: in the address, in a cookie.
        opens_socket: it is to become a websocket, to which browsers let pages of every site connect.
    """

    host: str
    origin: str | None
    secrets: tuple[str, ...]
    opens_socket: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused, with the status of HTTP that says so."""

    status: int
    why: str


def refusal(asking: Asking, secret: str) -> Refusal | None:
    """Why this request is refused; None where it is not."""
    if asking.host.rpartition(":")[0] not in OWN_NAMES and asking.host not in OWN_NAMES:
        return Refusal(403, "this server is asked by the name 127.0.0.1 or localhost only")
    if asking.origin is None and asking.opens_socket:
        return Refusal(403, "a websocket is opened by a page of this server only")
    if asking.origin not in {None, f"http://{asking.host}"}:
        return Refusal(403, "pages of other sites may not ask this server")
    if not any(_same(given, secret) for given in asking.secrets):
        return Refusal(401, "open the address that `spacectl top --web` printed")
    return None


def _same(given: str, secret: str) -> bool:
    """Whether they are equal; how long that takes says nothing of where they differ."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode())
