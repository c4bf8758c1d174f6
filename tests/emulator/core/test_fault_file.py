"""A file of faults and latencies: its two forms, and its problems with their lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.emulator import fault_rules, scenarios
from provisioner.emulator.fault_file import FaultFile, FaultFileError, read_fault_file

RESET = '{"when": {"route": "limits"}, "then": {"do": "reset"}}'


def test_a_list_has_faults_and_an_object_also_has_latencies(tmp_path: Path) -> None:
    fault = {"when": {"route": "limits"}, "then": {"do": "reset"}}
    file = tmp_path / "faults.json"

    file.write_text(f"\ufeff\n [{RESET}]")
    assert read_fault_file(file) == FaultFile((fault,))

    file.write_text(f'{{"latencies": {{"signup": 1.5}}, "faults": [{RESET}]}}')
    assert read_fault_file(file) == FaultFile((fault,), {"signup": 1.5})


WRONG = """\
{"latencies": {"signup": "slow", "sign_up.New": 3},
 "fault": [],
 "faults": [
  {"when": {"route": "limits"}, "then": {"do": "reset"}},
  {},
  {"when": {"route": "sobject.create", "orgs": "hub"}, "then": {"do": "reset"}, "time": 2},
  {"when": {"route": "nothing like it"}, "then": [{"do": "pass"}, {"do": "answer", "staus": 503}]},
  {"when": {"operation": "sign_up"}, "then": {"do": "error", "at": "after"}},
  {"when": {"operation": "deploy", "route": "limits"}, "then": {"do": "reset"}},
  {"when": {"method": "FETCH", "path": "("}, "then": {"do": "error"}}
]}"""
CRITERIA = "route, method, path, org, nth, every, probability, operation, subject"
OPERATIONS = "signup, package_install, deploy, component_warning, apex_test, permission_set_group"
PROBLEMS = [
    "1:16: signup must be a number, not 'slow'",
    "1:34: unknown operation 'sign_up.New' (did you mean signup.New",
    "2:2: unknown key 'fault' (did you mean faults?); known: faults, latencies",
    '5:3: `then` must be a behaviour, such as {"do": "reset"}, or a list of them',
    "6:13: unknown route 'sobject.create' (did you mean sobjects.create",
    f"6:40: unknown key of when 'orgs' (did you mean org?); known: {CRITERIA}",
    "6:81: unknown key of a fault 'time' (did you mean times?); known: id, when, then, times",
    "7:13: unknown route 'nothing like it'; docs/emulator.md lists the names of the routes",
    "7:84: unknown key of answer 'staus' (did you mean status?); known: do, status, error, "
    "message, body, headers, content_type, at",
    f"8:13: unknown operation 'sign_up' (did you mean signup?); known: {OPERATIONS}",
    "8:62: unknown key of error 'at'; known: do, error, message",
    "9:36: route is of requests, and an operation is none: remove one of the two",
    "9:65: an operation can only end with `error` or `pass`: reset is for requests",
    "10:13: unknown method 'FETCH' (did you mean PATCH?); known: GET, POST, PATCH, PUT, DELETE",
    "10:32: `path` is not a valid regular expression: missing )",
    '10:55: error is for operations: add one to `when`, or write "do": "answer"',
]


def test_all_problems_are_reported_with_their_lines_and_columns(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(WRONG)

    with pytest.raises(FaultFileError) as caught:
        read_fault_file(file)

    found = [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]
    assert [one[: len(wanted)] for one, wanted in zip(found, PROBLEMS, strict=True)] == PROBLEMS


def test_each_operation_that_can_fail_is_one_that_faults_may_name() -> None:
    """The code that carries an operation out asks whether it fails."""
    root = Path(fault_rules.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in root.rglob("*.py")]
    asked = {name for text in texts for name in re.findall(r"\.operation\(\s*\"(\w+)\"", text)}
    assert asked == set(fault_rules.OPERATIONS)


@pytest.mark.parametrize("name", scenarios.names())
def test_each_scenario_is_valid(name: str) -> None:
    path = scenarios.fault_path(Path(name))
    assert read_fault_file(path).faults, name


def test_a_file_has_priority_over_a_scenario_and_an_unknown_name_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert scenarios.fault_path(Path("worst-monday")).name == "worst-monday.json"
    (tmp_path / "worst-monday").write_text("[]")
    assert scenarios.fault_path(Path("worst-monday")) == tmp_path / "worst-monday"
    with pytest.raises(
        scenarios.ScenarioError,
        match=r"'worst-mon' \(did you mean worst-monday\?",
    ):
        scenarios.fault_path(Path("worst-mon"))
    with pytest.raises(scenarios.ScenarioError, match=r"file a/b.json does not exist; scenarios: "):
        scenarios.fault_path(Path("a/b.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[,]", ":1:2: the file is not JSON: Expecting value"),
        (b"", ":1:1: the file is not JSON: Expecting value"),
        (b"[" * 100_000, ":1: the file is not JSON: maximum recursion depth"),
        (b"3", ":1:1: must be a list of faults, or an object with the keys faults and latencies"),
        (b'{"faults": {}}', ":1:2: faults must be a list"),
        (b'\n{"latencies": {"signup": "x"}}', ":2:16: signup must be a number"),
        (b'{"latencies": []}', ":1:2: latencies must be an object"),
        (b"[3]", ":1:2: a fault must be an object with `when` and `then`, not 3"),
        (b"\xff", ": the file is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_wrong_file_has_one_clear_problem(tmp_path: Path, text: bytes, message: str) -> None:
    file = tmp_path / "faults.json"
    file.write_bytes(text)

    with pytest.raises(FaultFileError) as caught:
        read_fault_file(file)

    assert str(caught.value).startswith(f"{file}{message}")


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FaultFileError, match=r"cannot read .*: No such file or directory$"):
        read_fault_file(tmp_path / "none.json")
