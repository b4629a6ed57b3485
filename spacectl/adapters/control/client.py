"""Asks a running supervisor, over its Unix socket.

The standard library's client is used because every command pays for what is imported here: httpx alone would double
the time of `ps`.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from spacectl.adapters.control.address import short_path
from spacectl.errors import (
    Exit,
    MachineError,
    ManifestError,
    NotRunningError,
    OtherVersionError,
    SilentError,
    SpacectlError,
    UsageError,
)
from spacectl.model.flow import FlowReport
from spacectl.model.report import (
    Accepted,
    ApplyRequest,
    Change,
    ChangesReport,
    PsReport,
    Refusal,
    Request,
    ScaleRequest,
)
from spacectl.model.strict import Strict

_NOT_RUNNING = "no system is running here"
_HINT = "start it with `spacectl up`"


class ControlClient:
    """The supervisor of one system, as its clients see it."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def report(self) -> PsReport:
        """How everything stands now.

        Raises:
            NotRunningError: no supervisor answers.
        """
        return _understood(PsReport, self._ask("GET", "/state"))

    def flow(self) -> FlowReport:
        """What moves between the spaces.

        Raises:
            NotRunningError: no supervisor answers.
        """
        return _understood(FlowReport, self._ask("GET", "/flow"))

    def changes(self, *, flow: bool = False) -> Iterator[Change]:
        """How everything stands, then every change; what moves too if asked for; ends when the supervisor does.

        Raises:
            NotRunningError: no supervisor answers.
        """
        connection = self._connect(None)
        try:
            with _translated():
                connection.request("GET", "/changes?flow=true" if flow else "/changes")
                lines = connection.getresponse()
                while (line := lines.readline()).endswith(b"\n"):  # the last may be cut off where the supervisor ended
                    yield _understood(Change, line)
        except NotRunningError:
            return
        finally:
            connection.close()

    def start(self, names: tuple[str, ...]) -> Accepted:
        """Ask for spaces to be started; all that `up` started when none is named."""
        return self._tell("/start", names)

    def stop(self, names: tuple[str, ...]) -> Accepted:
        """Ask for spaces to be stopped."""
        return self._tell("/stop", names)

    def restart(self, names: tuple[str, ...]) -> Accepted:
        """Ask for spaces to be stopped and started again."""
        return self._tell("/restart", names)

    def apply(self, wish: ApplyRequest) -> ChangesReport:
        """Ask for what the manifests say now; what is changed for it."""
        return _understood(ChangesReport, self._ask("POST", "/apply", wish.model_dump_json()))

    def scale(self, wish: ScaleRequest) -> ChangesReport:
        """Ask for other numbers of replicas; what is changed for it."""
        return _understood(ChangesReport, self._ask("POST", "/scale", wish.model_dump_json()))

    def shut_down(self, *, now: bool = False) -> None:
        """Ask for everything to end; `now` means with SIGKILL."""
        self._ask("POST", "/shutdown?now=true" if now else "/shutdown")

    def _tell(self, path: str, names: tuple[str, ...]) -> Accepted:
        return _understood(Accepted, self._ask("POST", path, Request(spaces=names).model_dump_json()))

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = self._connect(self._timeout_s)
        try:
            with _translated():
                connection.request(method, path, body)
                response = connection.getresponse()
                answer = response.read()
        finally:
            connection.close()
        if response.status == http.client.NOT_FOUND:  # it lacks what this version asks for
            raise OtherVersionError
        if response.status >= http.client.BAD_REQUEST:
            raise _refused(answer)
        return answer

    def _connect(self, timeout_s: float | None) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("spacectl")
        with _translated(), short_path(self._path) as short:
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock = channel
            channel.settimeout(timeout_s)
            try:
                channel.connect(short)
            except OSError:
                channel.close()
                raise
        return connection


T = TypeVar("T", bound=Strict)


def _understood(model: type[T], answer: bytes) -> T:
    try:
        return model.model_validate_json(answer, strict=False)
    except ValidationError as error:
        raise OtherVersionError from error


def _refused(answer: bytes) -> SpacectlError:
    try:
        refusal = Refusal.model_validate_json(answer)
    except ValidationError:
        return SpacectlError(f"the supervisor answered: {answer[:200].decode(errors='replace')}")
    kind = _REFUSALS.get(refusal.exit_code, UsageError)
    return kind(refusal.message, hint=refusal.hint)


_REFUSALS: dict[int | None, type[SpacectlError]] = {
    Exit.FAILED: SpacectlError,
    Exit.MANIFEST: ManifestError,
    Exit.MACHINE: MachineError,
}


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise SilentError(
            "the supervisor does not answer", hint="see .spacectl/logs/supervisor.log; `spacectl down` ends it"
        ) from error
    except PermissionError as error:
        raise SpacectlError("the system that runs here belongs to another user") from error
    except (OSError, http.client.HTTPException) as error:
        raise NotRunningError(_NOT_RUNNING, hint=_HINT) from error
