"""What spacectl ships: each template gives a system that reads back without a problem."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from spacectl.adapters.manifests import load
from spacectl.model.layout import Layout
from spacectl.scaffold.space import NewSpace, add_space
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import Template, bundled, find_template

SYSTEMS = bundled("system")
LANGUAGES = bundled("space")


@pytest.mark.parametrize("template", SYSTEMS, ids=lambda template: template.name)
def test_a_bundled_system_is_valid_and_ready_for_git(template: Template, work: Path) -> None:
    made = make_system(NewSystem(work / "my-system", template))
    system = load(made)
    assert system.name == "my-system"
    planned = {space.name: space for space in template.spaces}
    assert set(planned) == {space.name for space in system.spaces}
    for space in system.spaces:
        told, plan = space.manifest, planned[space.name]
        assert set(told.events.publishes) == set(plan.publishes)
        assert set(told.events.subscribes) == set(plan.subscribes)
        assert set(told.api.calls) == set(plan.calls)
    assert not [path for path in made.rglob("*") if path.suffix == ".jinja" or path.name.startswith(".copier")]
    subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
    (made / ".spacectl").mkdir()
    (made / ".spacectl/secrets.json").write_text("{}")
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=made, check=True, capture_output=True, text=True
    ).stdout
    assert "system.toml" in status
    assert ".spacectl" not in status


@pytest.mark.parametrize("template", SYSTEMS, ids=lambda template: template.name)
def test_two_renderings_are_the_same(template: Template, work: Path) -> None:
    one, two = (make_system(NewSystem(work / place / "shop", template)) for place in ("here", "there"))
    subprocess.run(["diff", "-r", one, two], check=True)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_a_space_of_each_language_can_be_added(language: Template, work: Path) -> None:
    layout = Layout(make_system(NewSystem(work / "shop", find_template("system", "blank"))))
    add_space(NewSpace(layout, "order-book", language.name, publishes=("order-book.placed",)))
    calls = ("order-book",)
    add_space(NewSpace(layout, "billing", language.name, subscribes=("order-book.placed",), calls=calls))
    folder = add_space(NewSpace(layout, "lonely", language.name, summary='Says "hello" and C:\\new'))
    billing = load(layout.root).space("billing")
    assert billing is not None
    assert billing.manifest.events.subscribes == ("order-book.placed",)
    assert billing.manifest.api.calls == calls
    told = tomllib.loads((folder / "space.toml").read_text())
    assert told["space"]["summary"] == 'Says "hello" and C:\\new'


@pytest.mark.parametrize("template", SYSTEMS, ids=lambda template: template.name)
def test_every_language_that_a_system_names_is_there(template: Template) -> None:
    for space in template.spaces:
        assert find_template("space", space.template) in LANGUAGES
