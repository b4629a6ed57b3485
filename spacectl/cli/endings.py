"""What to say when a supervisor ended that should not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacectl.errors import Exit, InternalError, MachineError, SpacectlError

if TYPE_CHECKING:
    from spacectl.model.layout import Layout


def supervisor_ended(layout: Layout, code: int | None) -> SpacectlError:
    """The error for a supervisor that ended with this exit code while it was needed."""
    said = _last_error(layout)
    if code == Exit.MACHINE:
        return MachineError(said or "the machine lacks something", hint=f"see {layout.supervisor_log}")
    if code == Exit.OK:
        return SpacectlError("the system was shut down by someone else")
    text = f"the supervisor ended unexpectedly ({_how(code)})"
    if code == Exit.BUG:
        return InternalError(f"{text}; its traceback is in {layout.supervisor_log}")
    return SpacectlError(said or text, hint=f"see {layout.supervisor_log}")


def _how(code: int | None) -> str:
    if code is None:
        return "nobody saw how"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _last_error(layout: Layout) -> str | None:
    try:
        lines = layout.supervisor_log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return told[-1] if told else None
