"""Runs the traffic until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from shopper.settings import SettingError, Settings, read_settings
from shopper.telemetry import traced
from shopper.traffic import Traffic, make_client

USAGE = 2


def say(text: str) -> None:
    """Write one line, at once."""
    print(text, flush=True)


async def drive(settings: Settings) -> None:
    """Let customers come until cancelled."""
    async with make_client() as http:
        say(f"{settings.rate:g} customers per second, {settings.buyers:.0%} of them buy; seed {settings.seed}")
        await Traffic(settings, http, say).run()


def main() -> int:
    """Run until told to stop; returns the exit code."""
    try:
        settings = read_settings(os.environ)
    except SettingError as error:
        print(f"shopper: {error}", file=sys.stderr)
        return USAGE
    with traced(os.environ), asyncio.Runner() as runner:
        loop = runner.get_loop()
        traffic = loop.create_task(drive(settings))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, traffic.cancel)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(traffic)
    say("closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
