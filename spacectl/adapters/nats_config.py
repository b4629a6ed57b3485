"""Writes the configuration of the embedded nats-server.

Format and options: https://docs.nats.io/running-a-nats-service/configuration

Passwords stand in it in plain text. They are 192 random bits, so a hash protects nothing that the mode 0600 of the
file does not, and bcrypt would cost the server a tenth of a second of CPU for each connection: each replica that
starts, and all of them at once after the bus was restarted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from spacectl.model.bus import ADMIN_USER, MAX_PAYLOAD, SYSTEM_USER, BusPlan, BusServer, BusUser

_Value = str | int | bool | Sequence["_Value"] | Mapping[str, "_Value"]

_SYNC_INTERVAL = "10s"
"""The engine's own two minutes is long for what a power failure may take; one fsync per written stream each ten seconds
does not show."""

_NO_LIMIT = 10**16
"""Bytes of the whole store. Each stream has a limit of its own, and the plan sees to their sum."""

_LOGIN_TIMEOUT_S = 10
"""The engine's own two seconds are short where twenty interpreters start at once on two cores."""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r'[\\"\x00-\x1f\x7f]')


def render_config(server: BusServer, plan: BusPlan, passwords: Mapping[str, str]) -> str:
    """The complete text of a configuration file; it must be kept with mode 0600.

    Args:
        server: where it listens and what it stores.
        plan: the users.
        passwords: one for each user of the plan, for `spacectl` and for `system`.
    """
    return _block(
        {
            "server_name": server.name,
            "listen": f"{server.host}:{server.port}",
            "logtime": True,
            "logtime_utc": True,
            "max_payload": MAX_PAYLOAD,
            # A client that is stopped, in a debugger say, holds no more than this of the server's memory.
            "max_pending": 64 * 1024 * 1024,
            "write_deadline": "10s",
            "authorization": {"timeout": _LOGIN_TIMEOUT_S},
            "jetstream": {
                "store_dir": str(server.store),
                "max_memory_store": _NO_LIMIT,
                "max_file_store": _NO_LIMIT,
                "sync_interval": "always" if server.sync == "always" else _SYNC_INTERVAL,
            },
            "system_account": "SYS",
            "accounts": {
                "APP": {
                    "jetstream": "enabled",
                    "users": [
                        {"user": ADMIN_USER, "password": passwords[ADMIN_USER]},
                        *(_user(user, passwords[user.name]) for user in plan.users),
                    ],
                },
                "SYS": {"users": [{"user": SYSTEM_USER, "password": passwords[SYSTEM_USER]}]},
            },
        }
    )


def _user(user: BusUser, password: str) -> _Value:
    return {
        "user": user.name,
        "password": password,
        "permissions": {
            # An empty list would mean "everything"; the own inbox keeps both from being empty.
            "publish": {"allow": user.publish},
            "subscribe": {"allow": user.subscribe},
        },
    }


def _block(entries: Mapping[str, _Value], indent: str = "") -> str:
    return "".join(f"{indent}{key}: {_written(value, indent)}\n" for key, value in entries.items())


def _written(value: _Value, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{\n" + _block(value, deeper) + indent + "}"
    items = "".join(f"{deeper}{_written(item, deeper)}\n" for item in value)
    return "[\n" + items + indent + "]"


def quoted(text: str) -> str:
    r"""A string as the server's parser reads it: in double quotes, where it knows \\, \", \n, \r, \t and \xHH."""
    return '"' + _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], f"\\x{ord(found[0]):02x}"), text) + '"'
