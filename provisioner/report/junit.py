"""The record of a run as JUnit XML, for the test view of a CI system.

A suite for the build, with one case that has its result, then a suite for each pool: the case
`available`, and a case for each step. Names do not change from night to night, so that a CI system
shows since when a step fails, and how its duration develops.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.plain_text import quantity, safe_lines
from provisioner.report.run import cause_lines, verdict

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.report.record import RunRecord
    from provisioner.report.summary import PoolCount

PACKAGE = "provisioner"
_NOT_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class _Case:
    """A test case; it has failed if `message` is given."""

    name: str
    seconds: float = 0.0
    message: str = ""
    text: str = ""


def junit(record: RunRecord) -> str:
    """The XML document."""
    root = ET.Element("testsuites")
    summary = record.summary
    took = summary.seconds or 0.0
    is_success = summary.exit_code == 0
    build = _Case("build", took, "" if is_success else verdict(record))
    notes = list(_replaced(record)) if is_success else []
    _add_suite(root, record, "build", [build], notes)
    for pool in summary.pools:
        _add_suite(root, record, pool.name, list(_cases(record, pool)), [])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _cases(record: RunRecord, pool: PoolCount) -> Iterator[_Case]:
    is_full = pool.available >= pool.size
    yield _Case("available", 0.0, "" if is_full else f"{pool.available} of {pool.size} available")
    failed = _failed_steps(record, pool.name)
    times = {time.step: time.now.p50 for time in record.times if time.pool == pool.name}
    for step in dict.fromkeys([*times, *failed]):
        causes = failed.get(step, [])
        count = sum(cause.count for cause in causes)
        what = "; ".join(cause.what for cause in causes)
        yield _Case(
            step,
            times.get(step, 0.0),
            f"{quantity(count, 'org')}: {what}" if causes else "",
            "\n".join(line for cause in causes for line in cause_lines(cause)),
        )


def _failed_steps(record: RunRecord, pool: str) -> dict[str, list[Cause]]:
    """The causes in a pool by step; none in a build that replaced all failed orgs."""
    found: dict[str, list[Cause]] = {}
    for cause in record.causes if record.summary.exit_code != 0 else ():
        if pool in cause.pools:
            found.setdefault(cause.step, []).append(cause)
    return found


def _replaced(record: RunRecord) -> Iterator[str]:
    for cause in record.causes:
        yield from cause_lines(cause)


def _add_suite(
    root: ET.Element, record: RunRecord, name: str, cases: Sequence[_Case], notes: Sequence[str]
) -> None:
    """A suite with all that the strictest of the usual schemas requires."""
    run = record.run
    failures = sum(bool(case.message) for case in cases)
    attributes = {
        "id": str(len(root)),
        "package": PACKAGE,
        "name": name,
        "timestamp": f"{run.started_at:%Y-%m-%dT%H:%M:%S}",
        "hostname": run.host or "unknown",
        "tests": str(len(cases)),
        "failures": str(failures),
        "errors": "0",
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    suite = ET.SubElement(root, "testsuite", _clean(attributes))
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", _clean({"name": "run", "value": run.id}))
    for case in cases:
        _add_case(suite, f"{PACKAGE}.{name}", case)
    ET.SubElement(suite, "system-out").text = _text("\n".join(notes))
    ET.SubElement(suite, "system-err")


def _add_case(suite: ET.Element, class_name: str, case: _Case) -> None:
    attributes = {"classname": class_name, "name": case.name, "time": f"{case.seconds:.3f}"}
    element = ET.SubElement(suite, "testcase", _clean(attributes))
    if case.message:
        failure = _clean({"type": case.name, "message": case.message})
        ET.SubElement(element, "failure", failure).text = _text(case.text or case.message)


def _clean(attributes: dict[str, str]) -> dict[str, str]:
    return {name: _text(value) for name, value in attributes.items()}


def _text(value: str) -> str:
    """A text with characters that XML 1.0 allows."""
    return _NOT_XML.sub("\ufffd", safe_lines(value))
