"""Stays with a supervisor that was just started: until it is ready, while it runs, and to its end."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from spacectl.adapters.control.client import ControlClient
from spacectl.cli import output
from spacectl.cli.endings import supervisor_ended
from spacectl.errors import Exit, NotReadyError, NotRunningError

if TYPE_CHECKING:
    from spacectl.cli.streaming import Stream
    from spacectl.cli.waiting import Changes
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport
    from spacectl.wiring.start import SupervisorProcess

_LAST_WORDS_S = 5.0


class Attendance:
    """Attends one supervisor. Left while the supervisor is held, however that came, it takes the system down."""

    def __init__(self, layout: Layout) -> None:
        self.process: SupervisorProcess | None = None
        self._layout = layout
        self._changes: Changes | None = None
        self._stream: Stream | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> None:
        if isinstance(error, output.ReaderGoneError):
            output.close_out()
        if self.process is not None and self.process.is_held and self.process.ended() is None:
            self._end(self.process)

    def come_up(self, deadline: float, timeout: str, *, stays: bool) -> NotReadyError | None:
        """Wait until the system is ready, and tell how it is; what keeps it from being ready, or None.

        Args:
            deadline: monotonic seconds.
            timeout: the same as the user wrote it.
            stays: whether `stay` follows, which shows the logs.

        Raises:
            SpacectlError: the supervisor has ended.
        """
        from spacectl.cli.explaining import explain_missing

        self._wait_for_socket()
        report, reached = self._wait_until_settled(deadline)
        if report is None:
            return NotReadyError(f"not ready within {timeout}: the supervisor has told nothing yet")
        self._tell(report)
        missing = explain_missing(self._layout, report, with_lines=not stays)
        if missing is None:
            return None
        message = f"not ready: {missing}" if reached else f"not ready within {timeout}: {missing}"
        return NotReadyError(message, hint="what runs, runs on: `spacectl ps` shows it, `spacectl down` stops it")

    def stay(self, problem: NotReadyError | None) -> None:
        """Show what the spaces write, until somebody else takes the system down.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            SpacectlError: the supervisor has ended as it should not.
        """
        from spacectl.cli.streaming import Stream, tell_note

        if problem is not None:
            output.say(f"error: {problem.message}")
        output.say("showing logs; Ctrl-C stops the system")
        self._stream = Stream(self._layout)
        try:
            for change in self._feed().until(None, pause_s=0.1):
                if change is not None and change.note is not None:
                    tell_note(change.note)
                self._show_new()
        except NotRunningError:
            self._stream.show_last()
        code = self._code()
        if code != Exit.OK:
            raise supervisor_ended(self._layout, code)
        output.say("the system was taken down by someone else")

    def _wait_for_socket(self) -> None:
        while not self._layout.control_socket.is_socket():
            if self._ended() is not None:
                raise supervisor_ended(self._layout, self._code())
            time.sleep(0.01)

    def _wait_until_settled(self, deadline: float) -> tuple[PsReport | None, bool]:
        from spacectl.cli.waiting import Board, wait_for
        from spacectl.view.verdict import settled

        try:
            with Board(self._layout) as board:
                return wait_for(self._feed(), settled, deadline=deadline, board=board)
        except NotRunningError:
            raise supervisor_ended(self._layout, self._code()) from None

    def _feed(self) -> Changes:
        from spacectl.cli.waiting import Changes

        if self._changes is None:
            self._changes = Changes(ControlClient(self._layout.control_socket))
        return self._changes

    def _tell(self, report: PsReport) -> None:
        from spacectl.view.ps import headline, table, warnings

        output.tell(headline(report))
        output.tell(table(report, width=output.console(stderr=True).width))
        for warning in warnings(report):
            output.say(f"! {warning}")

    def _end(self, process: SupervisorProcess) -> None:
        from spacectl.cli.stopping import end

        end(self._layout, process.ended, word="stopping … (Ctrl-C again kills)", meanwhile=self._show_end)
        if self._stream is not None:
            self._stream.show_last()
        output.say("stopped")

    def _show_new(self) -> None:
        if self._stream is None:
            return
        if not output.out_has_reader():
            raise output.ReaderGoneError
        self._stream.show_new()

    def _show_end(self) -> None:
        from spacectl.cli.streaming import tell_note

        try:
            for change in self._feed().so_far() if self._stream is not None else ():
                if change.note is not None:
                    tell_note(change.note)
            self._show_new()
        except output.ReaderGoneError:  # `up | tee`: Ctrl-C has ended tee too
            output.close_out()

    def _ended(self) -> int | None:
        return None if self.process is None else self.process.ended()

    def _code(self) -> int | None:
        """How the supervisor ended; it is about to, or has."""
        deadline = time.monotonic() + _LAST_WORDS_S
        while self._ended() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._ended()
