"""Finds templates: the bundled ones by name, others by folder or git address."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from spacectl.core.hints import did_you_mean
from spacectl.errors import MachineError, ManifestError, UsageError
from spacectl.model.manifest import Name, Names, Subjects, Texts
from spacectl.model.strict import Strict

Kind = Literal["system", "space"]

DESCRIPTION = "template.toml"
_FOLDERS: dict[Kind, str] = {"system": "systems", "space": "spaces"}
_PACKAGE = Path(__file__).resolve().parent.parent
_GIT_ADDRESS = re.compile(r"(gh:|gl:|git\+|[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:).|.+\.git/?$")
_KNOWN_TO_COPIER = ("gh:", "gl:", "git+", "git@", "git://", "https://github.com/", "https://gitlab.com/")


class PlannedSpace(Strict):
    """A space of a system template: what it is made of before the system's own files are laid over it.

    `exclude` are globs relative to the space's folder: generic files that this space does without.
    """

    name: Name
    template: str = "python"
    summary: str = ""
    publishes: Subjects = ()
    subscribes: Subjects = ()
    calls: Names = ()
    exclude: Texts = ()


class _Header(Strict):
    """`reserved` are package names that would collide with something in the template of a space."""

    summary: str
    reserved: Texts = ()


class _Description(Strict):
    """A whole `template.toml`."""

    template: _Header
    spaces: Annotated[tuple[PlannedSpace, ...], Field(strict=False)] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template that spacectl understands: a folder with a `template.toml`.

    `reserved` are the package names that no space made of it can have.
    """

    kind: Kind
    name: str
    summary: str
    folder: Path
    spaces: tuple[PlannedSpace, ...] = ()
    reserved: tuple[str, ...] = ()
    bundled: bool = True


@dataclass(frozen=True, slots=True)
class Foreign:
    """Any other Copier template: `address` is a folder or a git address, as Copier takes it."""

    address: str
    remote: bool

    @property
    def folder(self) -> Path | None:
        """The folder, absolute; None when it is a git address."""
        return None if self.remote else Path(self.address)


def templates_folder(package: Path = _PACKAGE) -> Path:
    """Where the bundled templates are: inside an installed package, or beside it in a checkout.

    Args:
        package: folder of the installed `spacectl` package.

    Raises:
        MachineError: they are in neither place.
    """
    # The installed place first: a `templates` folder beside an installed package belongs to somebody else.
    for folder in (package / "_templates", package.parent / "templates"):
        if (folder / "systems").is_dir():
            return folder
    raise MachineError("this installation of spacectl has no templates", hint="install spacectl again")


def bundled(kind: Kind = "system", *, folder: Path | None = None) -> tuple[Template, ...]:
    """The bundled templates of a kind, by name.

    Args:
        kind: systems, or spaces (named after their language).
        folder: look here instead of where this installation has its templates.
    """
    root = (folder or templates_folder()) / _FOLDERS[kind]
    found = sorted(root.iterdir()) if root.is_dir() else []
    return tuple(read_template(kind, path) for path in found if (path / DESCRIPTION).is_file())


def find_template(kind: Kind, name: str, *, folder: Path | None = None) -> Template:
    """The bundled template of that name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    known = bundled(kind, folder=folder)
    for template in known:
        if template.name == name:
            return template
    raise _unknown(kind, name, known)


def resolve_template(text: str) -> Template | Foreign:
    """What `-t TEXT` means: a bundled system, a folder, or a git address, in this order.

    Raises:
        UsageError: it is none of them.
        ManifestError: the folder has a `template.toml` that cannot be read.
    """
    known = bundled("system")
    for template in known:
        if template.name == text:
            return template
    path = Path(text).expanduser() if text else Path(text)
    if text and path.is_dir():
        return _from_folder(path.resolve())
    if text and path.is_file():  # a git bundle
        return Foreign(address=str(path.resolve()), remote=False)
    if _GIT_ADDRESS.match(text):
        return Foreign(address=_for_copier(text), remote=True)
    if "/" in text or text.startswith((".", "~")):
        raise UsageError(f"no template at {text}: there is no such folder", hint=_list_hint(known))
    raise _unknown("system", text, known)


def read_template(kind: Kind, folder: Path, *, is_bundled: bool = True) -> Template:
    """The template in a folder that holds a `template.toml`.

    Raises:
        ManifestError: the file cannot be read or says something unknown.
    """
    file = folder / DESCRIPTION
    try:
        described = _Description.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file}: {error}") from error
    except ValidationError as error:
        raise ManifestError(_told(file, error)) from error
    return Template(
        kind,
        folder.name,
        summary=described.template.summary,
        folder=folder,
        spaces=described.spaces,
        reserved=described.template.reserved,
        bundled=is_bundled,
    )


def _from_folder(folder: Path) -> Template | Foreign:
    if (folder / DESCRIPTION).is_file():
        return read_template("system", folder, is_bundled=False)
    return Foreign(address=str(folder), remote=False)


def _for_copier(address: str) -> str:
    """Copier takes an address for git's only by its look; `git+` says it of any other."""
    if address.startswith(_KNOWN_TO_COPIER) or address.endswith(".git"):
        return address
    return f"git+{address}"


def _unknown(kind: Kind, name: str, known: tuple[Template, ...]) -> UsageError:
    names = [template.name for template in known]
    what = "template" if kind == "system" else "language"
    near = did_you_mean(name, names)
    listed = _list_hint(known) if kind == "system" else f"there is {', '.join(names)}"
    hints = [hint for hint in (near, listed) if hint is not None]
    return UsageError(f'there is no {what} "{name}"', hint=" ".join(hints))


def _list_hint(known: tuple[Template, ...]) -> str:
    names = ", ".join(template.name for template in known)
    return f"there is {names}; a folder or a git address will do too"


def _told(file: Path, error: ValidationError) -> str:
    problems = (f"{file}: {'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
    return "\n".join(problems)
