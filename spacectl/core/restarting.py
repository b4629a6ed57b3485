"""What follows when a replica ends by itself: rest, another try after a pause, or giving up."""

from __future__ import annotations

import zlib
from dataclasses import replace

from spacectl.core.moves import to
from spacectl.model.manifest import RestartSection
from spacectl.model.phase import Phase
from spacectl.model.state import Ended, Replica, Unit
from spacectl.model.units import format_duration

_REMEMBERED = 64  # crashes; the pause has long reached any sensible cap by then


def describe(ended: Ended) -> str:
    """How a process ended, in words."""
    if ended.cause is not None:
        return ended.cause if ended.signal is None else f"killed: {ended.cause}"
    if ended.signal is not None:
        return f"killed by {_signal_name(ended.signal)}"
    if ended.code is None:
        return "ended while no supervisor was watching"
    return f"exited with code {ended.code}"


def pause_s(rule: RestartSection, crashes: int, name: str) -> float:
    """The pause before the next try: it doubles with each crash, up to the cap, less a jitter of up to a quarter.

    The jitter is drawn from the replica's name and the number of crashes, so that replicas that fall together do
    not rise together, and the same history always gives the same pause.
    """
    doubled = rule.backoff_s * 2.0 ** min(crashes - 1, 32)
    chance = zlib.crc32(f"{name}:{crashes}".encode()) / 2**32
    return float(min(doubled, rule.max_backoff_s) * (0.75 + 0.25 * chance))


def after_exit(unit: Unit, replica: Replica, ended: Ended, now: float) -> Replica:
    """What becomes of a replica whose main process ended without being asked to."""
    policy = unit.manifest.restart.policy
    if not replica.wanted:
        return to(replica, Phase.STOPPED, now)
    if ended.success and unit.manifest.space.kind == "job":
        return to(replica, Phase.COMPLETED, now)
    if ended.success and policy != "always":
        return to(replica, Phase.STOPPED, now, reason=f"{describe(ended)} by itself; policy {policy} lets it rest")
    return crashed(unit, replica, describe(ended), now)


def crashed(unit: Unit, replica: Replica, reason: str, now: float) -> Replica:
    """Count a crash and decide: back off, or give up."""
    rule = unit.manifest.restart
    stable = replica.ready_at is not None and now - replica.ready_at >= rule.reset_s
    crashes = (*(() if stable else replica.crashes), now)[-_REMEMBERED:]
    replica = replace(replica, crashes=crashes, ready_at=None)
    if not replica.wanted:
        return to(replica, Phase.STOPPED, now, reason=reason)
    if rule.policy == "never":
        return to(replica, Phase.FAILED, now, reason=f"{reason}; policy never restarts nothing")
    recent = sum(1 for at in crashes if now - at <= rule.give_up.window_s)
    if recent >= rule.give_up.count:
        window = format_duration(rule.give_up.window_s)
        return to(
            replica,
            Phase.FAILED,
            now,
            reason=f"gave up after {recent} crashes in {window}; the last: {reason}",
        )
    moved = to(replica, Phase.BACKOFF, now, reason=reason)
    return replace(moved, deadline_at=now + pause_s(rule, len(crashes), replica.name))


_SIGNAL_NAMES = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
}  # fmt: skip
"""Linux's numbers (signal(7)); written out because the core does not ask the machine it happens to run on."""


def _signal_name(number: int) -> str:
    return _SIGNAL_NAMES.get(number, f"signal {number}")
