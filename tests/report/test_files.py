"""`report` writes JUnit XML, metrics and Markdown that other programs read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.ledger.base import Ledger, Run
from provisioner.report.html.page import page
from provisioner.report.junit import junit
from provisioner.report.markdown import LONGEST, block, markdown, span
from provisioner.report.prometheus import prometheus
from provisioner.report.record import RunRecord, find_record
from tests.proof.evil_text import EVIL as STEERING_TEXT
from tests.proof.evil_text import harm_in

from .conftest import Call
from .nights import START, add_org, name, new_run, record, three_nights

EVIL = f"`` ``` | </script> ](x) \"'\\ \ufffe @you\n## heading\n```\n{STEERING_TEXT}"
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[\d.]+)')
CODE = re.compile(r"^(`{3,})text\n.*?\n\1$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", re.S | re.M)


@pytest.fixture
def night(ledger: Ledger) -> RunRecord:
    three_nights(ledger)
    return find_record(ledger)


@pytest.fixture
def evil(ledger: Ledger) -> RunRecord:
    """A night in which all texts from outside are hostile."""
    run = new_run(2)
    org = add_org(
        ledger, run, name("sample", 1), error=f"{EVIL.splitlines()[0]}: {EVIL}\nhint: {EVIL}"
    )
    other = add_org(ledger, run, name("sample", 2), note=f"step:\nwarning: {EVIL}")
    run = record(ledger, run, [replace(org, pool=EVIL), replace(other, pool=EVIL)])
    found = find_record(ledger)
    summary = {**run.summary, "stopped_because": EVIL, "api_calls": {EVIL: 7}}
    return replace(found, run=replace(run, host=EVIL, id=EVIL, summary=summary))


def suites(text: str) -> dict[str, dict[str, str]]:
    """Suite → case → the message of its failure, or ""."""
    found: dict[str, dict[str, str]] = {}
    for suite in ET.fromstring(text):
        cases = found.setdefault(suite.get("name", ""), {})
        for case in suite.iter("testcase"):
            failure = case.find("failure")
            cases[case.get("name", "")] = "" if failure is None else failure.get("message", "?")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(sum(map(bool, cases.values())))
    return found


def test_junit_has_a_case_for_the_build_each_pool_and_each_step(night: RunRecord) -> None:
    text = junit(night)
    assert suites(text) == {
        "build": {
            "build": "finished 02:34:00 with exit code 6: 1 of 3 built, 2 failed, all by one cause"
        },
        "sample": {
            "available": "1 of 3 available",
            "sign-up": "",
            "deploy_source": "2 orgs: deploy_source: force-app/main/default/classes/X.cls:3:9: "
            "Invalid type: Y",
            "verification": "",
        },
    }
    failure = ET.fromstring(text).find(".//testcase[@name='deploy_source']/failure")
    assert failure is not None
    assert "(pool.yaml:31)" in (failure.text or "")
    assert "fix: deploy the package of Y first" in (failure.text or "")


def test_junit_of_a_build_that_replaced_its_failed_orgs_has_no_failure(night: RunRecord) -> None:
    pools = [{"name": "sample", "size": 1, "available": 1}]
    summary = {**night.run.summary, "exit_code": 0, "pools": pools}
    text = junit(replace(night, run=replace(night.run, summary=summary)))
    assert not any(message for cases in suites(text).values() for message in cases.values())
    assert "2 orgs failed at deploy_source" in ET.fromstring(text).findtext(".//system-out", "")


def test_junit_of_a_build_that_an_error_stopped_has_its_message() -> None:
    run = Run("r", "", 1, START, START, {"exit_code": 5, "error": "login refused"})
    text = junit(RunRecord(run, []))
    assert suites(text)["build"]["build"].endswith("with exit code 5: login refused")
    for attribute in ("hostname", "timestamp", "package", "id", "time"):
        assert all(suite.get(attribute) for suite in ET.fromstring(text)), attribute


def test_junit_of_hostile_texts_is_xml(evil: RunRecord) -> None:
    found = suites(junit(evil))
    assert "</script>" in str(found)
    assert "\\x07" in next(key for key in found if key != "build")


def samples(text: str) -> dict[str, str]:
    """Metric with its labels → value; each metric has its help and its type before it."""
    found: dict[str, str] = {}
    declared = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            declared = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {declared} gauge"
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == declared
            key = match[1] + (f"{{{match[2]}}}" if match[2] else "")
            assert key not in found
            found[key] = match[3]
    return found


def test_metrics_have_the_result_the_causes_and_the_times(ledger: Ledger, night: RunRecord) -> None:
    found = samples(prometheus(night, ledger.orgs()))
    for key, value in {
        "build_exit_code": "6",
        "build_wanted_orgs": "3",
        "build_built_orgs": "1",
        "build_failed_orgs": "2",
        "build_duration_seconds": "360.000",
        "build_end_time_seconds": f"{night.run.finished_at.timestamp():.3f}"
        if night.run.finished_at
        else "",
        'build_step_failures{step="deploy_source"}': "2",
        'build_requests{to="hub"}': "12",
        'pool_size_orgs{pool="sample"}': "3",
        'pool_orgs{pool="sample",state="failed"}': "2",
        'step_duration_seconds{pool="sample",step="sign-up",percentile="50"}': "90.000",
    }.items():
        assert found[f"provisioner_{key}"] == value, key


def test_metrics_of_hostile_texts_keep_their_format(ledger: Ledger, evil: RunRecord) -> None:
    rows = [replace(org, pool=EVIL) for org in ledger.orgs()]
    assert any("</script>" in key for key in samples(prometheus(evil, rows)))


def test_metrics_of_a_build_that_runs_have_no_result() -> None:
    found = samples(prometheus(RunRecord(Run("r", "h", 1, START), []), []))
    assert list(found) == ["provisioner_build_start_time_seconds", "provisioner_build_warnings"]


def test_markdown_has_the_result_the_pools_and_the_causes(night: RunRecord) -> None:
    text = markdown(night)
    assert text.startswith("## ❌ Scratch orgs: 1 of 3 built, 2 failed\n")
    assert "| `sample` | 1 | 3 |\n" in text
    assert "### 2 orgs failed at `deploy_source` (`pool.yaml:31`)\n\n```text\ndeploy 0Af" in text
    assert "Fix: `deploy the package of Y first`\n" in text
    assert "- `sample: sign-up` slower: 1m30s instead of 1m\n" in text
    assert "- `run_apex: failed, and the org continued: line 7: no` (1 org)\n" in text


def test_hostile_texts_are_in_code_and_nowhere_else(evil: RunRecord) -> None:
    text = markdown(evil)
    rest = CODE.sub("CODE", text)
    assert "CODE" in rest
    for part in ("script", "@you", "](x)", "## heading"):
        assert part in text
        assert part not in rest, rest


def test_no_text_steers_a_log_that_a_file_is_printed_to(ledger: Ledger, evil: RunRecord) -> None:
    rows = [replace(org, pool=EVIL) for org in ledger.orgs()]
    for text in (
        junit(evil),
        prometheus(evil, rows),
        markdown(evil),
        page(evil, rows, {"f1": {"data": [EVIL]}}),
    ):
        assert "evil" in text
        assert [harm for harm in harm_in(text) if "is not ours" not in harm] == []


@given(st.text() | st.text("`a |\n"))
def test_a_text_in_code_cannot_leave_it(text: str) -> None:
    assert CODE.sub("", span(text)) == ""
    assert CODE.sub("", block(text)) == ""
    assert "\n" not in span(text)


def test_markdown_is_shorter_than_github_allows(night: RunRecord) -> None:
    cause = {"step": "x", "message": "é" * LONGEST, "count": 1, "details": ["a"]}
    summary = {**night.run.summary, "causes": [cause] * 3}
    text = markdown(replace(night, run=replace(night.run, summary=summary)))
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("\n````````\n\nshortened: `provisioner report` shows all\n")


def test_one_command_writes_all_files(ledger: Ledger, call: Call, folder: Path) -> None:
    three_nights(ledger)
    answer = call(
        *("report", "--html", "n.html", "--junit", "n.xml", "--prometheus", "n.prom"),
        *("--markdown", "-"),
    )
    assert (answer.code, answer.err) == (0, "wrote n.html\nwrote n.xml\nwrote n.prom\n")
    assert answer.out.startswith("## ❌ Scratch orgs")
    assert suites((folder / "n.xml").read_text())["sample"]["sign-up"] == ""
    assert samples((folder / "n.prom").read_text())["provisioner_build_exit_code"] == "6"
    assert (folder / "n.html").read_text().startswith("<!doctype html>")
    answer = call("report", "--junit", "-", "--markdown", "-")
    assert answer.err.splitlines()[0] == "error: --junit and --markdown both write to stdout"
