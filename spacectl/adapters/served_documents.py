"""Fetches the documents that a running space serves of itself."""

from __future__ import annotations

from typing import Any

import httpx


def served(url: str, path: str, *, timeout_s: float = 10.0) -> Any:
    """The JSON document at a path; None where it serves none there, or does not answer."""
    try:
        answer = httpx.get(url + path, timeout=timeout_s, trust_env=False)
        return answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
