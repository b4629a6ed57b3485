"""A run of checks as a JUnit file, with those elements and attributes only that all of its readers know.

There is no standard; what Jenkins takes is written down in
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from spacectl.model.report_check import CheckReport, CheckResult
from spacectl.view.check import GROUPS

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, https://www.w3.org/TR/xml/#charsets."""


def junit(report: CheckReport) -> str:
    """The text of the file: a suite for each group of checks."""
    root = Element("testsuites", {"name": report.system, **_counts(report.results)})
    for group, words in GROUPS.items():
        results = [each for each in report.results if each.group == group]
        if results:
            suite = SubElement(root, "testsuite", {"name": words, "skipped": _skipped(results), **_counts(results)})
            suite.set("timestamp", report.started.removesuffix("Z"))  # xs:dateTime, which readers take for UTC
            for result in results:
                _add(suite, report.system, result)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(suite: Element, system: str, result: CheckResult) -> None:
    name, time = _clean(result.name), f"{result.seconds:.3f}"
    case = SubElement(suite, "testcase", {"classname": f"{system}.{result.group}", "name": name, "time": time})
    if result.outcome == "failed":
        place = f"{result.file}{f':{result.line}' if result.line else ''}\n" if result.file else ""
        failure = SubElement(case, "failure", {"message": _clean(result.message or "failed"), "type": "failure"})
        failure.text = _clean(place + (result.detail or ""))
    elif result.outcome == "skipped":
        SubElement(case, "skipped", {"message": _clean(result.message or "skipped")})


def _counts(results: Sequence[CheckResult]) -> dict[str, str]:
    failed = sum(each.outcome == "failed" for each in results)
    seconds = sum(each.seconds for each in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "time": f"{seconds:.3f}"}


def _skipped(results: Sequence[CheckResult]) -> str:
    return str(sum(each.outcome == "skipped" for each in results))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
