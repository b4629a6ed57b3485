"""The report of a system on disk, in git and running."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spacectl.errors import ManifestError, UsageError
from spacectl.model.report_contracts import ContractCheck, ContractsReport
from spacectl.wiring.contracts import NOT_RUNNING, contracts_report

TODAY = date(2026, 1, 1)
MANIFEST = '[space]\nname = "{name}"\n[run]\ncommand = "run"\n[events]\n{key} = ["orders.placed"]\n'


def asyncapi(action: str, *required: str) -> dict[str, Any]:
    payload = {"type": "object", "properties": {name: {"type": "string"} for name in required}, "required": [*required]}
    return {
        "asyncapi": "3.0.0",
        "channels": {"c": {"address": "orders.placed", "messages": {"m": {"payload": payload}}}},
        "operations": {"o": {"action": action, "channel": {"$ref": "#/channels/c"}}},
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name, key, action in (("orders", "publishes", "send"), ("payments", "subscribes", "receive")):
        (root / "spaces" / name / "contract").mkdir(parents=True)
        (root / "spaces" / name / "space.toml").write_text(MANIFEST.format(name=name, key=key))
        write(root, name, asyncapi(action, "order_id"))
    (root / "system.toml").write_text('[system]\nname = "shop"\n')
    return root


def write(shop: Path, space: str, document: Any, name: str = "asyncapi.json") -> Path:
    file = shop / "spaces" / space / "contract" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document))
    return file


def report(shop: Path, **asked: Any) -> ContractsReport:
    return contracts_report(shop, today=TODAY, **asked)


def of(found: ContractsReport, name: str) -> list[ContractCheck]:
    return [each for each in found.checks if each.check == name]


def test_a_system_that_fits(shop: Path) -> None:
    found = report(shop)
    assert found.verdict == "compatible"
    assert [each.verdict for each in of(found, "fit")] == ["compatible"]
    assert [each.verdict for each in of(found, "manifest")] == ["compatible", "compatible"]
    assert {each.reason for each in of(found, "drift")} == {NOT_RUNNING}


def test_only_what_concerns_some_spaces(shop: Path) -> None:
    assert {each.via for each in report(shop, only=["payments"]).checks} == {
        "orders.placed",
        "spaces/payments/contract/asyncapi.json",
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"asyncapi": "3.0.0",\n "a" 5}', r"asyncapi.json:2: is not JSON: expecting ':' delimiter \(column 6\)"),
        (b"\xff", "asyncapi.json: is not UTF-8"),
        (b'{"asyncapi": "3.0.0", "x": NaN}', "asyncapi.json: is not JSON: NaN is no number"),
        (b"[" * 100_000, "asyncapi.json: is not JSON: its values are nested too deep"),
        (b'{"asyncapi": "2.0.0"}', "asyncapi.json: /asyncapi: is '2.0.0'; it must be 3."),
        (
            b'{"asyncapi": "3.0.0", "components": {"schemas": {"A": {"type": "text"}}}}',
            "asyncapi.json: /components/schemas/A/type: must be one of array, boolean",
        ),
    ],
)
def test_a_file_that_is_wrong(shop: Path, content: bytes, told: str) -> None:
    (shop / "spaces/orders/contract/asyncapi.json").write_bytes(content)
    with pytest.raises(ManifestError, match=told):
        report(shop)


def test_an_ignore_file(shop: Path) -> None:
    write(shop, "orders", asyncapi("send", "order"))
    entry = '[[ignore]]\nvia = "orders.placed"\nreason = "later"\nuntil = 2026-01-01\n'
    assert report(shop).verdict == "breaking"
    (shop / "contract-ignore.toml").write_text(entry)
    found = report(shop)
    assert (found.verdict, found.stale_ignores) == ("compatible", ())
    (check,) = of(found, "fit")
    assert [each.ignored for each in check.findings] == ["later"]
    (shop / "contract-ignore.toml").write_text(entry.replace("2026-01-01", "2025-12-31"))
    found = report(shop)
    assert (found.verdict, [each.until for each in found.stale_ignores]) == ("breaking", ["2025-12-31"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[ignore]]\nvia = "a.b"\nreason = "x"\nuntil = 2026-01-01\nspace = "y"',
            r"toml:5: ignore\[0\].space: unknown key",
        ),
        ('[[ignore]]\nvia = "a.b"\nreason = "x"', r"toml:1: ignore\[0\].until: missing; it must be a date such as"),
        ('[[ignore]]\nvia = "a.b"\nreason = ""\nuntil = 2026-01-01', r"toml:3: ignore\[0\].reason: must be"),
        ('[[ignore]]\nvia = "a.b"\nreason = "x"\nuntil = "soon"', r"toml:4: ignore\[0\].until: must be a date"),
        ("[[ignored]]", r"toml:1: ignored: unknown"),
    ],
)
def test_an_ignore_file_that_is_wrong(shop: Path, text: str, told: str) -> None:
    (shop / "contract-ignore.toml").write_text(text)
    with pytest.raises(ManifestError, match=told):
        report(shop)


def git(shop: Path, *arguments: str) -> None:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(shop), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(shop: Path) -> Path:
    """The shop in a folder below that of a repository, as it often is."""
    git(shop.parent, "init", "--quiet", "--initial-branch", "main")
    git(shop.parent, "add", shop.name)
    git(shop.parent, "commit", "--quiet", "--message", "A shop")
    return shop


def test_a_change_since_a_revision(committed: Path) -> None:
    assert of(report(committed, against="main"), "change") == []
    write(committed, "orders", asyncapi("send", "order"))
    write(committed, "payments", asyncapi("receive", "order"))
    found = report(committed, against="main")
    assert [each.verdict for each in of(found, "fit")] == ["compatible"]
    assert [(each.sender, each.receiver, each.verdict) for each in of(found, "change")] == [
        ("orders", "payments", "breaking"),
        ("orders", "payments", "breaking"),
    ]
    first = of(found, "change")[0].findings[0]
    assert first.receiver is not None
    assert first.receiver.file == "main:spaces/payments/contract/asyncapi.json"


def test_a_file_that_was_wrong_then_is_skipped(committed: Path) -> None:
    write(committed, "orders", {})
    git(committed, "commit", "--quiet", "--all", "--message", "Broken")
    write(committed, "orders", asyncapi("send", "order_id"))
    (check,) = of(report(committed, against="HEAD"), "change")
    assert (check.verdict, check.via) == ("skipped", "HEAD:spaces/orders/contract/asyncapi.json")


@pytest.mark.parametrize("revision", ["nowhere", "--help", ""])
def test_a_revision_that_is_none(committed: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="is no revision of"):
        report(committed, against=revision)


def test_a_system_without_git(shop: Path) -> None:
    with pytest.raises(UsageError, match='"main" is no revision of'):
        report(shop, against="main")


@pytest.fixture
def serving() -> Iterator[tuple[str, dict[str, Any]]]:
    """An API that serves some documents: its URL, and what it serves at which path."""
    documents: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = documents.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", documents
        server.shutdown()
        thread.join()


def drifts(shop: Path, urls: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    return {each.sender: (each.verdict, each.reason) for each in of(report(shop, urls=urls), "drift")}


def test_drift_of_a_running_system(shop: Path, serving: tuple[str, dict[str, Any]]) -> None:
    url, documents = serving
    nothing = ("skipped", "payments serves no API")
    assert drifts(shop, {"orders": url}) == {
        "orders": ("skipped", "orders does not serve /asyncapi.json"),
        "payments": nothing,
    }
    documents["/asyncapi.json"] = asyncapi("send", "order_id")
    assert drifts(shop, {"orders": url})["orders"] == ("compatible", None)
    documents["/asyncapi.json"] = asyncapi("send", "order_id", "more")
    assert drifts(shop, {"orders": url})["orders"] == ("differs", None)
    assert report(shop, urls={"orders": url}).verdict == "differs"


def test_a_service_that_does_not_answer_is_skipped(shop: Path) -> None:
    nobody = "http://127.0.0.1:1"
    assert drifts(shop, {"orders": nobody})["orders"] == ("skipped", "orders does not serve /asyncapi.json")
