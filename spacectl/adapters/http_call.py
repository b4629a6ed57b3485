"""Calls an HTTP API once, for a person at a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx

from spacectl.errors import SpacectlError, UsageError


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API answered; `text` is JSON spread over lines where it was JSON."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    text: str


def call(method: str, base: str, path: str, body: bytes | None, *, timeout_s: float = 30.0) -> Answer:
    """Send one request to `base` + `path`.

    Raises:
        UsageError: the path is not one.
        SpacectlError: nobody answered.
    """
    if not path.startswith("/"):
        raise UsageError(f'the path "{path}" must start with "/"')
    headers = {} if body is None else {"content-type": "application/json"}
    try:
        answer = httpx.request(method, base + path, content=body, headers=headers, timeout=timeout_s, trust_env=False)
    except httpx.InvalidURL as error:
        raise UsageError(f"{path} is not a path: {error}") from error
    except httpx.HTTPError as error:
        raise SpacectlError(f"{method} {base}{path}: {error}", hint="`spacectl ps` shows how the space is") from error
    return Answer(answer.status_code, answer.reason_phrase, tuple(answer.headers.multi_items()), _text(answer))


def _text(answer: httpx.Response) -> str:
    try:
        return json.dumps(answer.json(), indent=2, ensure_ascii=False)
    except ValueError:
        return answer.text
