"""What `spacectl contracts --json` prints."""

from __future__ import annotations

from typing import Any, Literal

from spacectl.model.strict import Strict

Outcome = Literal["compatible", "unproven", "breaking", "differs", "skipped"]


class Spot(Strict):
    """A place in a contract file.

    Attributes:
        file: its path below the system's folder; after a revision and a colon where it is an older one.
        pointer: a JSON pointer; empty for the whole file.
    """

    file: str
    pointer: str


class ContractFinding(Strict):
    """One reason why a check is not compatible.

    Attributes:
        rule: what kind of difference, such as `required`.
        at: JSON pointer into the message.
        sender: what allows it to be sent; null where nothing does.
        receiver: what refuses it.
        example: where the verdict is breaking, a message that the sender may send and the receiver refuses.
        ignored: the reason in contract-ignore.toml why it does not count.
    """

    verdict: Literal["breaking", "unproven", "differs"]
    rule: str
    message: str
    at: str = ""
    sender: Spot | None = None
    receiver: Spot | None = None
    example: Any = None
    ignored: str | None = None


class ContractCheck(Strict):
    """One thing that was checked.

    Attributes:
        check: `fit` between two spaces; `change` against a revision; `manifest` against documents; `drift` of documents
            from what is served.
        via: the subject, or method and path, or the file.
        sender, receiver: the spaces; the same one where a space is compared with itself, `others` for callers that no
            manifest names.
        reason: why it was skipped, or for whom a change is looked at.
    """

    check: Literal["fit", "change", "manifest", "drift"]
    kind: Literal["event", "request", "response", "document"]
    via: str
    sender: str
    receiver: str
    verdict: Outcome
    reason: str | None = None
    findings: tuple[ContractFinding, ...] = ()


class StaleIgnore(Strict):
    """An entry of contract-ignore.toml that has expired (`until` is its date) or that nothing needs (null)."""

    via: str
    reason: str
    until: str | None


class ContractsReport(Strict):
    """The contracts of a system. `verdict` is the worst of what counts; `against` the revision compared with."""

    system: str
    against: str | None
    verdict: Outcome
    checks: tuple[ContractCheck, ...]
    stale_ignores: tuple[StaleIgnore, ...] = ()
