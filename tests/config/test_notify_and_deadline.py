"""`notify` and `deadline`: what is refused, and what to write instead."""

from __future__ import annotations

import pytest

from tests.config.project import HUB, POOL, Project

NOTIFY = {
    "{}": "has neither webhook nor command; write one of them",
    "{ when: always }": "has neither webhook nor command; write one of them",
    '{ webhook: "${HOOK}" }': "is not the URL of a webhook; write https://…",
    "{ command: [./missing.sh] }": (
        "command not found: './missing.sh'; check the name, its mode and PATH"
    ),
    "{ command: [no-such-program-anywhere] }": (
        "command not found: 'no-such-program-anywhere'; check the name, its mode and PATH"
    ),
    "{ command: [cat], when: never }": "'never' is not known; write one of: problems, always",
}
DEADLINE = {
    "{}": "the key at is missing; write at: 07:30",
    "{ at: 07:30 }": "",
    '{ at: "7:30" }': "'7:30' is not valid; write a time of day such as 07:30",
    '{ at: "24:00" }': "'24:00' is not valid; write a time of day such as 07:30",
    '{ at: "07:30", timezone: Europe/Berln }': (
        "the time zone Europe/Berln is unknown; did you mean Europe/Berlin?"
    ),
    '{ at: "07:30", timezone: ../etc/passwd }': (
        "the time zone ../etc/passwd is unknown; write a name such as Europe/Berlin"
    ),
    '{ at: "07:30", available: 0 }': "0 is out of range; write 1 to 1000",
    '{ at: "07:30", available: 9 }': "is more than size; write at most 3",
}


@pytest.mark.parametrize(("text", "message"), NOTIFY.items(), ids=NOTIFY.keys())
def test_a_notification_that_nobody_would_get_is_a_problem(
    project: Project, text: str, message: str
) -> None:
    project.environ["HOOK"] = "http://hooks.example/services/T0/B0/secret"
    problems = project.problems(f"{HUB}notify: {text}\n{POOL}")
    assert [problem.message for problem in problems] == [message]
    assert "secret" not in str(problems)


@pytest.mark.parametrize(("text", "message"), DEADLINE.items(), ids=DEADLINE.keys())
def test_a_deadline_that_cannot_be_is_a_problem(project: Project, text: str, message: str) -> None:
    problems = project.problems(f"{HUB}{POOL}    deadline: {text}\n")
    assert [problem.message for problem in problems] == ([message] if message else [])
