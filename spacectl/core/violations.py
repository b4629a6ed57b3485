r"""Reads from a line of the server's log which space tried what it may not do, and says what to write so that it may.

The lines end like this, where the part before is chosen by the client and cannot be trusted:

    … - "APP/user:orders" - Publish Violation - Subject "billing.nope"
    … - "APP/user:orders" - Subscription Violation - Subject "payments.captured", Queue: "q", SID 2
    … - cid:15 - authentication error - User "orders"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, assert_never


@dataclass(frozen=True, slots=True)
class Violation:
    """Something a client was refused.

    Attributes:
        user: the user it logged in as, or tried to: the name of a space.
        kind: `publish` and `subscribe` name a subject; `login` had a wrong password.
        subject: what it tried to publish to or subscribe to; empty for a login.
    """

    user: str
    kind: Literal["publish", "subscribe", "login"]
    subject: str = ""

    @property
    def text(self) -> str:
        """One sentence that names the space and the subject."""
        match self.kind:
            case "publish":
                return f"{self.user} may not publish to {self.subject}"
            case "subscribe":
                return f"{self.user} may not subscribe to {self.subject}"
            case "login":
                return f"{self.user} was refused by the bus: wrong user or password"
        assert_never(self.kind)


# Subjects hold no space, so what stands last in the line is the server's own, whatever a client calls itself.
_REFUSED = re.compile(
    r' - "(?:[^\s"/]+/)?user:(?P<user>[^\s"]+)" - (?P<kind>Publish|Subscription) Violation'
    r' - Subject "(?P<subject>[^\s"]*)"(?:, Queue: "[^\s"]*")?(?:, SID \S+)?\s*$'
)
_LOGIN = re.compile(r' - cid:\d+(?: - "[^"]*")? - authentication error - User "(?P<user>[^\s"]+)"\s*$')
_CONSUMER_API = re.compile(r"\$JS\.(?:API\.CONSUMER\.(?:MSG\.NEXT|INFO)|ACK)\.(?P<stream>[^.]+)\.(?P<consumer>[^.]+)")


def parse_violation(line: str) -> Violation | None:
    """What a line of the server's log says was refused, or None where it says something else."""
    refused = _REFUSED.search(line)
    if refused is not None:
        kind: Literal["publish", "subscribe"] = "publish" if refused["kind"] == "Publish" else "subscribe"
        return Violation(refused["user"], kind, refused["subject"])
    login = _LOGIN.search(line)
    return None if login is None else Violation(login["user"], "login")


def hint_for(violation: Violation) -> str:
    """What to write in the space's `space.toml`, or to change in its code, so that it is allowed."""
    match violation.kind:
        case "publish":
            return _publish_hint(violation.user, violation.subject)
        case "subscribe":
            return _subscribe_hint(violation.user, violation.subject)
        case "login":
            return "connect to $NATS_URL as it is given to the space: it holds its own user and password"
    assert_never(violation.kind)


def _publish_hint(user: str, subject: str) -> str:
    consumer = _CONSUMER_API.match(subject)
    if consumer is not None and consumer["consumer"] == user:
        return f"add what it needs of {consumer['stream']} to subscribes under [events] in the space.toml of {user}"
    if consumer is not None:
        return f'bind to the durable consumer "{user}" of the stream "{consumer["stream"]}", which spacectl makes'
    if subject.startswith("$JS."):
        return "spacectl makes streams and consumers: bind to them, and do not declare them in code"
    if subject.startswith("_INBOX."):
        return f"answer only inside {user}'s own inbox; spaces talk by events and HTTP, not by replies on the bus"
    if subject.startswith(f"{user}."):
        return f'add "{subject}" to publishes under [events] in the space.toml of {user}'
    owner = subject.partition(".")[0]
    return f'a space publishes only subjects that begin with its own name: "{subject}" is for {owner} to publish'


def _subscribe_hint(user: str, subject: str) -> str:
    if subject.startswith("_INBOX."):
        return f"connect with the inbox prefix in $NATS_INBOX_PREFIX (_INBOX.{user})"
    stream = subject.partition(".")[0]
    if stream in ("", "*", ">") or subject.startswith("$"):
        return "name the events in subscribes under [events], and read them from the durable consumers spacectl makes"
    return (
        f'add "{subject}" to subscribes under [events] in the space.toml of {user}, '
        f'and read it from the durable consumer "{user}" of the stream "{stream}"'
    )
