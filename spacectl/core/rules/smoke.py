"""Rules about the `[[smoke]]` checks of spaces."""

from __future__ import annotations

from collections.abc import Iterator

from spacectl.core.hints import did_you_mean
from spacectl.core.pointing import problem_at
from spacectl.core.rules.system import Known
from spacectl.model.problem import Problem
from spacectl.model.system import Space
from spacectl.model.wording import quoted


def smoke_is_whole(space: Space) -> Iterator[Problem]:
    """A smoke check does one thing, and what it expects can come of that."""
    for index, smoke in enumerate(space.manifest.smoke):
        path = ("smoke", index)
        if smoke.request is None and smoke.publish is None:
            yield problem_at(space.source, path, 'needs "request" or "publish"', 'write request = "GET /health"')
        elif smoke.request is not None and smoke.publish is not None:
            yield problem_at(space.source, (*path, "publish"), '"request" and "publish" exclude each other')
        if smoke.request is not None and not space.manifest.api.serves:
            yield problem_at(space.source, (*path, "request"), f"{quoted(space.name)} serves no API")
        if smoke.request is None and "expect" in smoke.model_fields_set:
            yield problem_at(space.source, (*path, "expect"), 'is the status of an answer, and there is no "request"')
        if smoke.expect_json is not None and smoke.request is None and smoke.expect_event is None:
            yield problem_at(
                space.source, (*path, "expect_json"), 'nothing is expected that could hold it: no "expect_event"'
            )


def smoke_subjects_exist(known: Known) -> Iterator[Problem]:
    """What a smoke check publishes and expects is published by a space."""
    for space in known.system.spaces:
        for index, smoke in enumerate(space.manifest.smoke):
            for key, subject in (("publish", smoke.publish), ("expect_event", smoke.expect_event)):
                if subject is None or subject in known.published:
                    continue
                owner = subject.partition(".")[0]
                if owner not in known.unread and None not in known.unread:
                    yield problem_at(
                        space.source,
                        ("smoke", index, key),
                        f"nobody publishes {quoted(subject)}",
                        did_you_mean(subject, known.published),
                    )
