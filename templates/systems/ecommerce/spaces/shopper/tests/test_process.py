"""The program as it is run: it outlives a shop that is down, and stops when told to."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SOON_S = 20.0
STOPS_WITHIN_S = 2.0
BUSY = {"RATE": "200", "THINK_S": "0.01", "SUMMARY_S": "0.2"}


def nobody_listens_here() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def environment(**settings: str) -> dict[str, str]:
    urls = {f"{space}_URL": nobody_listens_here() for space in ("CATALOG", "CART", "ORDERS")}
    own = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return {**own, **urls, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "error", **settings}


@contextmanager
def running(**settings: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "shopper"]
    with subprocess.Popen(
        command,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], SOON_S)
    assert ready, "it printed nothing"
    return process.stdout.readline()


def counts_of(summary: str) -> dict[str, int]:
    pairs = (pair.split("=") for pair in summary.split())
    return {name: int(count) for name, count in pairs if count.isdigit()}


def errors_seen(process: subprocess.Popen[str]) -> int:
    """The errors of the first summary that counts any."""
    while not (errors := counts_of(next_line(process))["errors"]):
        pass
    return errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_customers_inside_and_the_shop_down(number: signal.Signals) -> None:
    with running(**BUSY) as process:
        assert next_line(process).startswith("200 customers per second")
        assert errors_seen(process) > 0
        assert counts_of(next_line(process))["came"] > 0, "it lives on though nobody answers"
        started = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=SOON_S)
        assert time.monotonic() - started < STOPS_WITHIN_S
    assert (process.returncode, err) == (0, "")
    *_, summary, closed = out.splitlines()
    assert closed == "closed"
    assert 0 < counts_of(summary)["inside"] <= 200


def test_a_setting_that_makes_no_sense_is_refused() -> None:
    with running(RATE="plenty") as process:
        out, err = process.communicate(timeout=SOON_S)
    assert (process.returncode, out) == (2, "")
    assert err == "shopper: RATE=plenty: it must be a number from 0.001 to 10000\n"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a trace collector, and what is sent to it."""
    bodies: list[bytes] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()


def test_its_requests_are_traced_where_there_is_a_collector() -> None:
    with collector() as (url, bodies), running(**BUSY, OTEL_EXPORTER_OTLP_ENDPOINT=url) as process:
        next_line(process)
        assert errors_seen(process) > 0
        process.terminate()
        _, err = process.communicate(timeout=SOON_S)
        assert (process.returncode, err) == (0, "")
        sent = b"".join(bodies)
    assert b"service.name" in sent
    assert b"shopper" in sent
    assert b"/categories" in sent or b"/products" in sent


def test_a_collector_that_is_gone_does_not_keep_it_from_stopping() -> None:
    with running(**BUSY, OTEL_EXPORTER_OTLP_ENDPOINT=nobody_listens_here()) as process:
        next_line(process)
        assert errors_seen(process) > 0
        started = time.monotonic()
        process.terminate()
        process.communicate(timeout=SOON_S)
        assert time.monotonic() - started < STOPS_WITHIN_S
    assert process.returncode == 0
