"""A file of faults and latencies: its two forms, and its problems with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.emulator.fault_file import FaultFile, FaultFileError, read_fault_file

RESET = '{"when": {"route": "limits"}, "then": {"do": "reset"}}'


def test_a_list_has_faults_and_an_object_also_has_latencies(tmp_path: Path) -> None:
    fault = {"when": {"route": "limits"}, "then": {"do": "reset"}}
    file = tmp_path / "faults.json"

    file.write_text(f"\ufeff\n [{RESET}]")
    assert read_fault_file(file) == FaultFile((fault,))

    file.write_text(f'{{"latencies": {{"signup": 1.5}}, "faults": [{RESET}]}}')
    assert read_fault_file(file) == FaultFile((fault,), {"signup": 1.5})


def test_all_problems_are_reported_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(
        f'{{"latencies": {{}},\n "fault": [],\n "faults": [\n  {RESET},\n  {{}},\n'
        ' {"then": {"do": "x"}}\n]}'
    )

    with pytest.raises(FaultFileError) as caught:
        read_fault_file(file)

    lines = [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]
    assert [line.partition(": ")[0] for line in lines] == ["2", "5", "6"]
    assert lines[0] == "2: unknown key 'fault'; the keys are faults and latencies"
    assert "`do` must be one of answer, reset" in lines[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[,]", ":1:2: the file is not JSON: Expecting value"),
        (b"", ":1:1: the file is not JSON: Expecting value"),
        (b"[" * 100_000, ":1: the file is not JSON: maximum recursion depth"),
        (b"3", ":1: must be a list of faults, or an object with the keys faults and latencies"),
        (b'{"faults": {}}', ":1: faults must be a list"),
        (b'\n{"latencies": {"signup": "x"}}', ":2: signup must be a number"),
        (b'{"latencies": []}', ":1: latencies must be an object"),
        (b"[3]", ":1: a fault must be an object with `when` and `then`, not 3"),
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
