from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from spacectl.model.report_check import CheckReport, CheckResult
from spacectl.view.check import annotation, failure_lines, headline, result_line
from spacectl.view.junit import junit

PASSED = CheckResult(id="a", name="everything is ready", group="system", outcome="passed", seconds=0.5)
SKIPPED = CheckResult(id="b", name="drift", group="contracts", outcome="skipped", message="not served")
FAILED = CheckResult(
    id="c", name="test_a.py::test[x]", group="checks", outcome="failed", file="checks/test_a.py", line=3,
    message="boom\x1b[31m", detail="boom\x1b[31m\nat the <end> & \x00",
)  # fmt: skip
REPORT = CheckReport(
    system="shop", outcome="failed", started="2026-11-22T10:00:00Z", seconds=2.0, results=(PASSED, SKIPPED, FAILED)
)


def test_nothing_of_a_failure_acts_on_the_terminal() -> None:
    assert result_line(FAILED).plain == "✖ test_a.py::test[x]: boom\\x1b[31m  0.00 s"
    assert list(failure_lines(FAILED)) == [
        "✖ test_a.py::test[x] (checks/test_a.py:3)", "    boom\\x1b[31m", "    at the <end> & \\x00",
    ]  # fmt: skip
    assert headline(REPORT).plain == "shop  failed  1 passed, 1 failed, 1 skipped in 2.0 s"


@pytest.mark.parametrize(
    ("result", "base", "told"),
    [
        ({"detail": "50 %\nmore"}, ".", "::error file=checks/a.py,line=3,title=a::50 %25%0Amore"),
        ({"name": "a: b, c"}, "shop", "::error file=shop/checks/a.py,line=3,title=a%3A b%2C c::why"),
        ({"line": None}, "", "::error file=checks/a.py,title=a::why"),
        ({"file": None}, "", "::error title=a::why"),
    ],
)
def test_github_is_told_in_its_own_terms(result: dict[str, Any], base: str, told: str) -> None:
    failed = CheckResult(id="a", name="a", group="checks", outcome="failed", file="checks/a.py", line=3, message="why")
    assert annotation(failed.model_copy(update=result), base) == told


def test_a_junit_file_has_a_suite_for_each_group_and_no_character_that_xml_has_not() -> None:
    root = ET.fromstring(junit(REPORT))  # noqa: S314  (our own)
    assert {name: root.get(name) for name in ("tests", "failures")} == {"tests": "3", "failures": "1"}
    system, contracts, checks = root
    assert (system.get("name"), system.get("timestamp")) == ("the system", "2026-11-22T10:00:00")
    assert system[0].attrib == {"classname": "shop.system", "name": "everything is ready", "time": "0.500"}
    assert contracts[0][0].attrib == {"message": "not served"}
    assert checks[0][0].get("message") == "boom\ufffd[31m"
    assert checks[0][0].text == "checks/test_a.py:3\nboom\ufffd[31m\nat the <end> & \ufffd"
