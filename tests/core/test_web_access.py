from __future__ import annotations

import pytest

from spacectl.core.web_access import Asking, refusal

KNOWN = "correct-horse"
HERE = "127.0.0.1:8000"


@pytest.mark.parametrize(
    ("asking", "status"),
    [
        (Asking(HERE, None, (KNOWN,)), None),
        (Asking("localhost:8000", None, (KNOWN,)), None),
        (Asking("localhost", None, (KNOWN,)), None),
        (Asking("127.0.0.1:9", "http://127.0.0.1:9", (KNOWN,)), None),  # through a tunnel
        (Asking(HERE, f"http://{HERE}", ("stale", KNOWN)), None),
        (Asking(HERE, f"http://{HERE}", (KNOWN,), opens_socket=True), None),
        (Asking(HERE, None, ()), 401),
        (Asking(HERE, None, ("",)), 401),
        (Asking(HERE, None, (KNOWN[:-1],)), 401),
        (Asking(HERE, None, (f"{KNOWN} ",)), 401),
        (Asking(HERE, None, ("\udcff",)), 401),  # what is no UTF-8
        (Asking(HERE, None, ("ünïcode",)), 401),
        (Asking("evil.example:8000", None, (KNOWN,)), 403),
        (Asking("127.0.0.1.evil.example:8000", None, (KNOWN,)), 403),
        (Asking("evil.example:127.0.0.1", None, (KNOWN,)), 403),
        (Asking("", None, (KNOWN,)), 403),
        (Asking(HERE, "http://evil.example", (KNOWN,)), 403),
        (Asking(HERE, "null", (KNOWN,)), 403),
        (Asking(HERE, f"https://{HERE}", (KNOWN,)), 403),
        (Asking(HERE, "http://127.0.0.1:8001", (KNOWN,)), 403),  # another server of this machine
        (Asking(HERE, "http://localhost:8000", (KNOWN,)), 403),
        (Asking(HERE, None, (KNOWN,), opens_socket=True), 403),
        (Asking(HERE, f"http://{HERE}", (), opens_socket=True), 401),
    ],
)
def test_who_is_refused(asking: Asking, status: int | None) -> None:
    refused = refusal(asking, KNOWN)
    assert (None if refused is None else refused.status) == status
