"""The boundary to Copier: one template rendered into one folder, and Copier's failures in our words."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacectl.errors import MachineError, SpacectlError, UsageError

_REQUIRED = re.compile(r'Question "(.+)" is required')
_MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class Rendering:
    """One run of Copier.

    Attributes:
        source: a folder, or a git address as Copier takes it.
        into: the folder to write to; files that are there and in the template too are overwritten.
        answers: to the template's questions, and whatever else it may use.
        exclude: globs, relative to `into`, of files not to write.
        ask: ask for the answers that are missing; else defaults are used.
        trust: allow the template to run code (tasks, Jinja extensions).
        bundled: a folder of spacectl's own: taken as it is now whatever git says, and a broken one is a bug.
    """

    source: str
    into: Path
    answers: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    ask: bool = False
    trust: bool = False
    bundled: bool = False


def render(rendering: Rendering) -> None:
    """Render a template.

    Raises:
        UsageError: an answer is missing or wrong, or the template wants to run code and is not trusted.
        MachineError: git is needed and not installed.
        SpacectlError: the template cannot be fetched or is broken.
        KeyboardInterrupt: the person left at a question.
    """
    import copier  # noqa: PLC0415  (half a second)

    _refuse_missing(rendering)
    with _told_as_ours(rendering), ExitStack() as surroundings:
        surroundings.enter_context(_quietly())
        surroundings.enter_context(_git_as_wanted(rendering))
        copier.run_copy(
            rendering.source,
            rendering.into,
            dict(rendering.answers),
            # What a person set for Copier itself may not change what spacectl's own templates give.
            settings=copier.Settings() if rendering.bundled else None,
            exclude=rendering.exclude,
            defaults=not rendering.ask,
            overwrite=True,
            quiet=True,
            unsafe=rendering.trust,
        )


def questions(folder: Path) -> Mapping[str, Any]:
    """The questions of a template folder by key; none where they cannot be read without Copier."""
    import yaml  # noqa: PLC0415

    for name in ("copier.yml", "copier.yaml"):
        file = folder / name
        if file.is_file():
            try:
                read = yaml.safe_load(file.read_bytes())
            except (yaml.YAMLError, UnicodeDecodeError):  # includes, several documents: Copier's own to judge
                return {}
            if isinstance(read, dict):
                return {str(key): value for key, value in read.items() if not str(key).startswith("_")}
    return {}


def _refuse_missing(rendering: Rendering) -> None:
    """Every answer that is needed and missing at once, before anything is rendered."""
    folder = Path(rendering.source)
    if rendering.ask or not folder.is_dir() or (folder / ".git").exists():  # of a repository, the tag counts
        return
    asked = questions(folder)
    missing = [key for key, details in asked.items() if key not in rendering.answers and _needs_answer(details)]
    if missing:
        raise _unanswered(rendering, missing)


def _needs_answer(details: Any) -> bool:
    """Whether a question has neither a default nor a condition under which it is not asked."""
    return isinstance(details, dict) and not {"default", "when", "ask"} & details.keys()


def _unanswered(rendering: Rendering, keys: list[str]) -> UsageError:
    options = " ".join(f"--data {key}=…" for key in keys)
    return UsageError(
        f"the template {rendering.source} needs an answer to {', '.join(keys)}",
        hint=f"give it with {options}, or run this on a terminal to be asked",
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Whatever Copier and a template's tasks print stays off stdout, which is for data.

    Copier's own remarks are dropped: what matters of them is in our errors. Its questions are drawn on what
    Python holds for stdout, which is stderr meanwhile, and so is the stdout of tasks.
    """
    with ExitStack() as restore, redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(OSError):  # a closed stdout or stderr needs no guard
            sys.stdout.flush()
            keep = os.dup(1)
            restore.callback(os.close, keep)
            os.dup2(2, 1)
            restore.callback(os.dup2, keep, 1)
            restore.callback(sys.stdout.flush)
        yield


@contextmanager
def _git_as_wanted(rendering: Rendering) -> Iterator[None]:
    """Decides what Copier gets to see of git.

    For bundled templates nothing: it would run git once per file, to look for a file mode to mend, and take a
    checkout for a repository of templates. For others git, which may only ask for a password where somebody can
    answer.
    """
    from plumbum import local  # noqa: PLC0415

    if rendering.bundled:
        with local.env(PATH=os.devnull):
            yield
        return
    if not rendering.ask:
        ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        with local.env(GIT_TERMINAL_PROMPT="0", GIT_SSH_COMMAND=ssh):
            yield
        return
    yield


@contextmanager
def _told_as_ours(rendering: Rendering) -> Iterator[None]:
    """Turns what Copier, Jinja and git raise into errors of ours."""
    try:
        yield
    except KeyboardInterrupt:
        raise  # Copier's own, raised when a person leaves at a question, would pass for an Exception too
    except Exception as error:
        # A template is a program in a language of its own: it can fail in any way Python can.
        told = _told(rendering, error)
        if told is None:
            raise
        raise told from error


def _told(rendering: Rendering, error: Exception) -> SpacectlError | None:
    """The failure in our words; None where it is better passed on: the disk's errors, and bugs of spacectl."""
    from copier.errors import (  # noqa: PLC0415
        InteractiveSessionError,
        TaskError,
        UnsafeTemplateError,
        UserMessageError,
    )
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415
    from plumbum import CommandNotFound, ProcessExecutionError  # noqa: PLC0415

    match error:
        case UnsafeTemplateError():
            return _untrusted(rendering, error)
        case CommandNotFound():
            return _no_git(rendering)
        case ProcessExecutionError():
            return _not_fetched(rendering, str(error.stderr))
        case InteractiveSessionError():
            return UsageError("a question was left without an answer", hint="answer with --data key=value")
        case TaskError() | UserMessageError():
            return SpacectlError(f"the template {rendering.source} failed: {error}")
        case ValueError():
            return _refused(rendering, error)
    if isinstance(error, OSError) or rendering.bundled:
        return None
    if isinstance(error, TemplateSyntaxError):
        return _broken(rendering, f"{error.filename or error.name}:{error.lineno}: {error.message}")
    return _broken(rendering, f"{type(error).__name__}: {error}")


def _refused(rendering: Rendering, error: ValueError) -> SpacectlError | None:
    """What Copier says with a ValueError: an answer is missing or wrong, or the template is."""
    text = str(error)
    required = _REQUIRED.fullmatch(text)
    if required:
        return _unanswered(rendering, [required[1]])
    if text.startswith(("Validation error for question", "Invalid choice for")):
        return UsageError(text, hint="answer with --data key=value")
    if text == "Local template must be a directory.":
        return _no_git(rendering) if shutil.which("git") is None else _no_template(rendering)
    return None if rendering.bundled else _broken(rendering, text)


def _untrusted(rendering: Rendering, error: Exception) -> UsageError:
    features = str(error).partition(": ")[2].partition(".")[0]  # "Template uses potentially unsafe feature: tasks."
    return UsageError(
        f"the template {rendering.source} runs code of its own ({features})",
        hint="allow it with --trust if you trust where it comes from",
    )


def _not_fetched(rendering: Rendering, said: str) -> SpacectlError:
    return SpacectlError(
        f"cannot fetch the template {rendering.source}: {_last_words(said)}",
        hint="check the address, and that git can reach it",
    )


def _no_git(rendering: Rendering) -> MachineError:
    return MachineError(
        f"fetching the template {rendering.source} needs git, which is not installed", hint="install git"
    )


def _no_template(rendering: Rendering) -> UsageError:
    return UsageError(f"{rendering.source} is neither a template folder nor a git repository")


def _broken(rendering: Rendering, why: str) -> SpacectlError:
    return SpacectlError(f"the template {rendering.source} is broken: {_last_words(why)}")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_MOST_LINES:]) or "it says nothing"
