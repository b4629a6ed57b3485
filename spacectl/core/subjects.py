"""Which declared subjects a person means: exact names, patterns with NATS wildcards, and near misses.

Rules of subjects and wildcards: https://docs.nats.io/nats-concepts/subjects
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacectl.core.hints import did_you_mean
from spacectl.errors import UsageError

Declared = Mapping[str, tuple[str, ...]]
"""The subjects of each stream."""


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject falls under a pattern: `*` is any one token, a last `>` one token or more."""
    want, have = pattern.split("."), subject.split(".")
    if want[-1] == ">":
        want = want[:-1]
        if len(have) <= len(want):
            return False
        have = have[: len(want)]
    return len(want) == len(have) and all(w in ("*", h) for w, h in zip(want, have, strict=True))


def select(declared: Declared, patterns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The subjects of each stream that fall under any of the patterns; streams without one are left out.

    Raises:
        UsageError: a pattern is not one, or no declared subject falls under it.
    """
    chosen: dict[str, set[str]] = {}
    for pattern in patterns:
        _check_pattern(pattern)
        hits = [(stream, s) for stream, subjects in declared.items() for s in subjects if matches(pattern, s)]
        if not hits:
            raise _unknown(pattern, declared)
        for stream, subject in hits:
            chosen.setdefault(stream, set()).add(subject)
    return {stream: tuple(sorted(subjects)) for stream, subjects in sorted(chosen.items())}


def stream_of(declared: Declared, subject: str) -> str:
    """The stream that holds exactly this subject.

    Raises:
        UsageError: no space declares it.
    """
    for stream, subjects in declared.items():
        if subject in subjects:
            return stream
    raise _unknown(subject, declared)


def _check_pattern(pattern: str) -> None:
    *front, last = pattern.split(".")
    fine = all(_is_token(part) and part != ">" for part in front) and _is_token(last)
    if not fine:
        raise UsageError(
            f'"{pattern}" is not a subject',
            hint='write tokens with dots between them; "*" stands for one token, a last ">" for the rest',
        )


def _is_token(part: str) -> bool:
    return part in ("*", ">") or (part != "" and not set(part) & set("*> \t\r\n"))


def _unknown(subject: str, declared: Declared) -> UsageError:
    everything = sorted(s for subjects in declared.values() for s in subjects)
    if not everything:
        return UsageError(
            f'no space publishes "{subject}": none publishes anything',
            hint="a space declares what it publishes with [events] publishes in its space.toml",
        )
    hint = did_you_mean(subject, everything) or f"published here: {', '.join(everything)}"
    return UsageError(f'no space publishes "{subject}"', hint=hint)
