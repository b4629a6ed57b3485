"""Where a document that is served differs from the one that is committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spacectl.core.contracts.modern import escaped
from spacectl.core.contracts.places import Json, identity
from spacectl.model.report_contracts import ContractFinding, Spot

_MOST = 10


def drift(file: str, committed: Json, served: Json) -> tuple[ContractFinding, ...]:
    """The places where two documents differ, at most ten; nothing where they say the same."""
    found = [
        ContractFinding(verdict="differs", rule="drift", message=message, sender=Spot(file=file, pointer=pointer))
        for pointer, message in _differences(committed, served, "")
    ]
    return tuple(found[:_MOST])


def _differences(committed: Json, served: Json, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(committed, Mapping) and isinstance(served, Mapping):
        for key in dict.fromkeys((*committed, *served)):
            below = f"{pointer}/{escaped(key)}"
            if key not in served:
                yield below, "is in the file and is not served"
            elif key not in committed:
                yield below, "is served and is not in the file"
            else:
                yield from _differences(committed[key], served[key], below)
    elif isinstance(committed, list) and isinstance(served, list) and len(committed) == len(served):
        for index, (one, two) in enumerate(zip(committed, served, strict=True)):
            yield from _differences(one, two, f"{pointer}/{index}")
    elif identity(committed) != identity(served):
        yield pointer, "is served otherwise than it is in the file"
