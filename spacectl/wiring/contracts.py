"""Reads the contracts of a system and judges them: `spacectl contracts`, and whoever else wants the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spacectl.adapters.contract_files import Files, UnreadableError, WorkingTree, at_revision, decoded
from spacectl.adapters.manifests import from_here, load, read_ignores
from spacectl.adapters.served_documents import served
from spacectl.core.contracts.calls import call_fits
from spacectl.core.contracts.changes import Changes
from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.declaring import manifest_checks
from spacectl.core.contracts.drift import drift
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.ignoring import without_ignored
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.modern import Flaw
from spacectl.core.contracts.places import Document, Json
from spacectl.core.contracts.reading import asyncapi, openapi
from spacectl.core.contracts.telling import check, skipped, worst
from spacectl.errors import ManifestError
from spacectl.model.problem import Problem
from spacectl.model.report_contracts import ContractCheck, ContractsReport
from spacectl.model.system import Space, System
from spacectl.view.problems import problems_text

NOT_RUNNING = "the system does not run"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The contracts of a system, the files as they were decoded, and what is wrong with them."""

    contracts: tuple[Contract, ...]
    raw: Mapping[str, Json]
    problems: tuple[Problem, ...]


def contracts_report(
    root: Path,
    *,
    against: str | None = None,
    only: Sequence[str] = (),
    urls: Mapping[str, str] | None = None,
    today: date,
) -> ContractsReport:
    """Everything that can be said of the contracts of the system in a folder.

    Args:
        root: the system's folder.
        against: a git revision; what changed since is judged, too.
        only: names of spaces; checks that concern none of them are left out.
        urls: where the spaces of the running system answer, by name; None where it does not run.
        today: by which entries of the ignore file expire.

    Raises:
        ManifestError: a manifest, a contract file or the ignore file is wrong.
        UsageError: there is no such revision.
    """
    system = load(root)
    now = loaded(system, WorkingTree(root))
    ignored, problems = read_ignores(root)
    if now.problems or problems:
        raise ManifestError(problems_text((*now.problems, *problems), base=from_here(root)))
    judge = Judge()
    events = Events(judge)
    checks = [
        *events.fits(now.contracts),
        *call_fits(judge, now.contracts),
        *(_changes(judge, events, system, now, against) if against is not None else ()),
        *manifest_checks(events, now.contracts),
        *_drifts(now, urls),
    ]
    whole = against is not None and urls is not None
    counted, stale = without_ignored(checks, ignored, today, whole=whole)
    chosen = tuple(each for each in counted if not only or {each.sender, each.receiver} & set(only))
    outcome = worst([each.verdict for each in chosen])
    return ContractsReport(system=system.name, against=against, verdict=outcome, checks=chosen, stale_ignores=stale)


def loaded(system: System, files: Files) -> Loaded:
    """The contracts of all spaces of a system."""
    reading = _Reading(files)
    contracts = tuple(reading.contract(space, system.root) for space in system.spaces)
    return Loaded(contracts, reading.raw, tuple(reading.problems))


class _Reading:
    def __init__(self, files: Files) -> None:
        self.raw: dict[str, Json] = {}
        self.problems: list[Problem] = []
        self._files = files

    def contract(self, space: Space, root: Path) -> Contract:
        base = f"{space.folder.resolve().relative_to(root.resolve()).as_posix()}/contract"
        manifest = space.manifest
        expected = {
            name.removesuffix(".json"): self._document(f"{base}/calls/{name}", "openapi")
            for name in self._files.names(f"{base}/calls")
            if name.endswith(".json")
        }
        return Contract(
            space.name,
            base,
            manifest.events.publishes,
            manifest.events.subscribes,
            manifest.api.calls,
            self._document(f"{base}/asyncapi.json", "asyncapi"),
            self._document(f"{base}/openapi.json", "openapi"),
            {name: document for name, document in expected.items() if document is not None},
        )

    def _document(self, path: str, kind: str) -> Document | None:
        told = self._files.told(path)
        try:
            content = self._files.read(path)
            if content is None:
                return None
            self.raw[path] = decoded(content)
        except UnreadableError as error:
            self.problems.append(Problem(told, error.line, "", str(error)))
            return None
        document, flaws = (asyncapi if kind == "asyncapi" else openapi)(told, self.raw[path])
        self.problems += [_problem(told, flaw) for flaw in flaws]
        return document


def _problem(file: str, flaw: Flaw) -> Problem:
    return Problem(file, 0, flaw.pointer, flaw.message, hint=flaw.hint)


def _changes(judge: Judge, events: Events, system: System, now: Loaded, against: str) -> Iterator[ContractCheck]:
    before = loaded(system, at_revision(system.root, against))
    wrong = {problem.file for problem in before.problems}
    for file in sorted(wrong):
        yield skipped("change", "document", file, ("", ""), "this file was wrong at that revision")
    sound = [each for each in before.contracts if not any(file.startswith(f"{against}:{each.base}/") for file in wrong)]
    yield from Changes(judge, events, sound, now.contracts).checks()


def _drifts(now: Loaded, urls: Mapping[str, str] | None) -> Iterator[ContractCheck]:
    for contract in now.contracts:
        for document, name in ((contract.openapi, "openapi.json"), (contract.asyncapi, "asyncapi.json")):
            if document is None:
                continue
            file, spaces = f"{contract.base}/{name}", (contract.name, contract.name)
            url = None if urls is None else urls.get(contract.name)
            answer = None if url is None else served(url, f"/{name}")
            if urls is None:
                yield skipped("drift", "document", file, spaces, NOT_RUNNING)
            elif url is None:
                yield skipped("drift", "document", file, spaces, f"{contract.name} serves no API")
            elif answer is None:
                yield skipped("drift", "document", file, spaces, f"{contract.name} does not serve /{name}")
            else:
                yield check("drift", "document", file, spaces, drift(file, now.raw[file], answer))
