"""What to say when a supervisor is not there, or ended that should not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacectl.errors import Exit, InternalError, MachineError, NotRunningError, SpacectlError

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport


_TAKE_OVER = "`spacectl up` takes them over, `spacectl down` ends them"


def report_of(client: ControlClient, layout: Layout) -> PsReport:
    """How the running system is.

    Raises:
        NotRunningError: it does not run; the message says what does.
    """
    try:
        return client.report()
    except NotRunningError:
        raise not_running(layout) from None


def not_running(layout: Layout) -> NotRunningError:
    """The error for a system whose supervisor does not answer."""
    from spacectl.wiring import leftovers
    from spacectl.wiring.start import is_running

    if is_running(layout):
        message = f"the system in {layout.home} is just starting, or about to end"
        return NotRunningError(message, hint="try again in a moment")
    left = leftovers.find(layout)
    if left:
        message = f"the supervisor of the system in {layout.home} was killed, and its processes live on: "
        return NotRunningError(message + leftovers.told(left), hint=_TAKE_OVER)
    return NotRunningError(f"no system is running in {layout.home}", hint="start it with `spacectl up`")


def supervisor_ended(layout: Layout, code: int | None) -> SpacectlError:
    """The error for a supervisor that ended with this exit code while it was needed."""
    if code == Exit.OK:
        return SpacectlError("the system was taken down by someone else")
    told = _told(layout)
    if code == Exit.MACHINE:
        return MachineError(told.get("error", "the machine lacks something"), hint=told.get("hint", _see(layout)))
    text = f"the supervisor ended unexpectedly ({_how(code)})"
    if code == Exit.BUG:
        return InternalError(f"{text}; its traceback is in {layout.supervisor_log}")
    from spacectl.wiring import leftovers

    if left := leftovers.find(layout):
        return SpacectlError(f"{text}; what runs on: {leftovers.told(left)}", hint=_TAKE_OVER)
    return SpacectlError(told.get("error", text), hint=told.get("hint", _see(layout)))


def _see(layout: Layout) -> str:
    return f"see {layout.supervisor_log}"


def _how(code: int | None) -> str:
    if code is None:
        return "nobody saw how"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _told(layout: Layout) -> dict[str, str]:
    """The last `error: …` and `hint: …` that it wrote."""
    try:
        lines = layout.supervisor_log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    parts = (line.partition(": ") for line in lines)
    return {key: text for key, _, text in parts if key in {"error", "hint"}}
