"""What README.md says of commands, files, manifests and packages is so."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

import pytest
import typer

from spacectl.adapters.manifests import load, read_ignores
from spacectl.cli.app import app
from spacectl.core.environment import Given, environment, url_name
from spacectl.errors import Exit
from spacectl.model.manifest import SpaceManifest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]

SHELL_WORDS = re.compile(r"spacectl ([a-z]+)\b([^`\n#|]*)")


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of a language; "" for those without one."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def section(heading: str) -> str:
    """The text below a heading, up to the next."""
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row, below in zip(cells, [*cells[1:], []], strict=True) if not is_rule(row) and not is_rule(below)]


def is_rule(row: list[str]) -> bool:
    return bool(row) and all(set(cell) == {"-"} for cell in row)


def code(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def invocations() -> Iterator[tuple[str, list[str]]]:
    """Every `spacectl COMMAND …` that is typed or spoken of: the command, and its options."""
    typed = [line for block in [*blocks("console"), *blocks("sh")] for line in block.splitlines()]
    for text in [*typed, *code(README)]:
        for name, rest in SHELL_WORDS.findall(text):
            yield name, re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)


def options(command: str) -> set[str]:
    return {
        name
        for parameter in COMMANDS[command].params
        for name in [*parameter.opts, *parameter.secondary_opts]
        if name.startswith("-")
    }


def test_every_command_that_is_named_exists() -> None:
    named = {name for name, _ in invocations()}
    assert len(named) > 10
    assert named <= set(COMMANDS)


@pytest.mark.parametrize(("command", "given"), [(name, option) for name, found in invocations() for option in found])
def test_every_option_that_is_named_exists(command: str, given: str) -> None:
    assert given in options(command) | {"--help"}


def test_the_table_of_commands_is_whole() -> None:
    cells = " ".join(row[0] for row in rows(section("Commands")) if not row[0].isdigit())
    listed = {words.split()[0] for words in code(cells) if words[0].isalpha()}
    assert listed == set(COMMANDS)


def test_the_table_of_commands_names_only_options_that_exist() -> None:
    found = [
        (words.split()[0], option)
        for row in rows(section("Commands"))
        for words in code(row[0])
        if words.split()[0] in COMMANDS
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", words)
    ]
    assert len(found) > 10
    assert [each for each in found if each[1] not in options(each[0])] == []


def test_the_commands_that_take_json_are_named() -> None:
    sentence = re.search(r"errors to stderr\. (.+?) take `--json`", README, re.DOTALL)
    assert sentence is not None
    assert set(code(sentence[1])) == {name for name in COMMANDS if "--json" in options(name)}


def test_the_exit_codes_are_those_of_the_code() -> None:
    table = {int(row[0]) for row in rows(section("Commands")) if row[0].isdigit()}
    assert table == {int(code) for code in Exit}


def test_the_variables_are_those_a_replica_is_given(tmp_path: Path) -> None:
    manifest = SpaceManifest.model_validate({"space": {"name": "orders"}, "run": {"command": "true"}})
    given = Given(
        system="shop",
        instance="x",
        number=1,
        data_dir=str(tmp_path),
        nats_url="nats://127.0.0.1:4222",
        inbox_prefix="_INBOX.orders",
        port=20000,
        urls={"order-history": "http://127.0.0.1:20001"},
    )
    named = {name for row in rows(section("What a space is given")) for name in code(row[0])}
    assert url_name("order-history") in section("What a space is given")
    assert named == {*environment(manifest, given).keys() - {url_name("order-history")}, "<CALLEE>_URL"}


def test_the_ignore_file_is_one(tmp_path: Path) -> None:
    (text,) = blocks("toml", section("Contracts"))
    write(tmp_path / "contract-ignore.toml", text)
    entries, problems = read_ignores(tmp_path)
    assert problems == ()
    assert [each.via for each in entries] == ["orders.placed"]


def test_the_manifests_are_a_system(tmp_path: Path) -> None:
    system, space = blocks("toml", section("Manifests"))
    write(tmp_path / "system.toml", system)
    write(tmp_path / "spaces/orders/space.toml", space)
    for name, events in (("catalog", ""), ("payments", '[events]\npublishes = ["payments.captured"]\n')):
        write(tmp_path / f"spaces/{name}/space.toml", f'[space]\nname = "{name}"\n[run]\ncommand = "true"\n{events}')
    for name in tomllib.loads(space)["build"]["inputs"]:
        write(tmp_path / "spaces/orders" / name, "")
    (tmp_path / "spaces/orders/orders").mkdir()
    read = load(tmp_path)
    assert [each.name for each in read.spaces] == ["catalog", "orders", "payments"]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?= |`|$)", "\n".join([*blocks("sh"), *code(README)]), re.MULTILINE))
    assert {"demo", "test", "lint", "bench"} <= named
    assert named <= targets
    assert targets <= {*re.findall(r"make ([a-z]+) ", makefile), "help", "clean"}


def test_the_map_of_the_house_is_whole() -> None:
    (plan,) = [block for block in blocks("") if "core/" in block]
    entries = re.findall(r"^( *)([\w./]+)", plan, re.MULTILINE)
    assert all((ROOT / ("spacectl" if indent else "") / name).exists() for indent, name in entries)
    inside = {name.rstrip("/") for indent, name in entries if indent}
    there = {path.name for path in (ROOT / "spacectl").iterdir() if path.suffix in {"", ".py"}}
    assert inside == there - {"__init__.py", "__pycache__"}


def test_the_files_that_are_named_exist() -> None:
    named = [name for name in code(README) if re.fullmatch(r"(spacectl|templates|docs|tests)/[\w./-]+", name)]
    named += [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(named) > 6
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_links_between_decisions_lead_somewhere() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([^)]+)\)", index)) == {path.name for path in folder.glob("0*.md")}
    named = {name for path in folder.glob("*.md") for name in code(path.read_text(encoding="utf-8"))}
    files = [name for name in named if re.fullmatch(r"(spacectl|templates|benchmarks)/[\w./-]+", name)]
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_the_dependencies_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    listed = [row[0] for row in rows(section("Dependencies"))]
    assert listed == [re.split(r"[<>=!~ \[]", each)[0] for each in wanted]


@pytest.mark.parametrize("row", rows(section("Dependencies")), ids=lambda row: row[0])
def test_the_licences_are_what_the_packages_say(row: list[str]) -> None:
    about = metadata(row[0])
    told = [about.get("License-Expression"), about.get("License"), *(about.get_all("Classifier") or [])]
    said = " ".join(each.splitlines()[0] for each in told if each)
    assert any(re.search(rf"\b{re.escape(name)}\b", said) for name in other_names(row[2])), said


def other_names(licence: str) -> list[str]:
    """The ways in which packages write a licence."""
    others = {"MPL-2.0": ["MPL 2.0"], "BSD-2-Clause": ["BSD 2-Clause"]}
    return [licence, *others.get(licence, [])]


def test_what_is_typed_can_be_parsed_by_a_shell() -> None:
    typed = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line[:2] == "$ "]
    assert len(typed) > 10
    assert all(shlex.split(line) for line in typed)
