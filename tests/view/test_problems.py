from __future__ import annotations

from spacectl.model.problem import Problem
from spacectl.view.problems import problems_text

UNKNOWN = Problem(
    "spaces/orders/space.toml",
    12,
    "events.publish",
    "unknown key",
    '  publish = ["orders.placed"]  ',
    'did you mean "publishes"?',
)


def test_the_form() -> None:
    assert problems_text([UNKNOWN]) == (
        "spaces/orders/space.toml:12: events.publish: unknown key\n"
        '    publish = ["orders.placed"]\n'
        '    did you mean "publishes"?\n'
        "1 problem in 1 file"
    )


def test_the_number_of_problems_and_files() -> None:
    missing = Problem("system.toml", 0, "", "there is no such file")
    assert problems_text([UNKNOWN, UNKNOWN, missing]).endswith(
        "system.toml: there is no such file\n3 problems in 2 files"
    )


def test_files_are_named_from_the_current_folder() -> None:
    missing = Problem("system.toml", 0, "", "is empty")
    assert problems_text([missing], base="../shop").startswith("../shop/system.toml: is empty\n")
    assert problems_text([missing], base="/").startswith("/system.toml: is empty\n")
    assert problems_text([missing], base=".").startswith("system.toml: is empty\n")


def test_lines_are_cut_and_cannot_drive_the_terminal() -> None:
    text = problems_text([Problem("a\x1b.toml", 1, "", "is wrong", "\x1b[2J" + "x" * 10_000)])
    assert text.replace("\n", "").isprintable()
    assert f"    \\x1b[2J{'x' * 96}…\n" in text
