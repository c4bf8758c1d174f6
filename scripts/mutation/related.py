"""Which tests belong to a package or a file: they decide whether a mutant of it survives."""

from __future__ import annotations

from pathlib import Path


def _builder(names: str) -> tuple[str, ...]:
    return tuple(f"tests/builder/test_{name}.py" for name in (*names.split(), "night"))


def _login(names: str) -> tuple[str, ...]:
    return tuple(f"tests/login/test_{name}.py" for name in names.split())


_SALESFORCE = (
    "tests/salesforce",
    *_login("assertion endpoint_order ids keys session org_login_url"),
    *_login("login_endpoints login_errors login_network login_on_emulator login_over_http"),
)
_SIGN_UP = _builder("signup_poll signup_breaker crashes deadlines interruption lost")
_REPORTS = _builder("crashes streams live_view api_calls interruption")
_CONTENTS = _builder("manifest lost new_step plan_command")

RELATED: dict[str, tuple[str, ...]] = {
    "provisioner/claim": ("tests/claim",),
    "provisioner/salesforce": _SALESFORCE,
    "provisioner/steps": ("tests/steps",),
    "provisioner/retry.py": ("tests/test_retry.py", *_SALESFORCE),
    "provisioner/builder": ("tests/builder",),
    "provisioner/builder/circuit_breaker.py": _builder("circuit_breaker lost rolling maintenance"),
    "provisioner/builder/connections.py": _builder("two_keys retries maintenance unreachable"),
    "provisioner/builder/crashes.py": _builder("crashes"),
    "provisioner/builder/deadline.py": _builder("deadlines"),
    "provisioner/builder/deletions.py": _builder("release lost rolling crashes broken_rows"),
    "provisioner/builder/events.py": _REPORTS,
    "provisioner/builder/fingerprint.py": _CONTENTS,
    "provisioner/builder/hub_retries.py": _builder("retries maintenance unreachable"),
    "provisioner/builder/inspection.py": _builder("lost health"),
    "provisioner/builder/lifecycle.py": _builder("lifecycle deadlines lost interruption crashes"),
    "provisioner/builder/manifest_entries.py": _CONTENTS,
    "provisioner/builder/org_steps.py": _builder(
        "deadlines retries crashes upgrade maintenance interruption"
    ),
    "provisioner/builder/outcomes.py": _builder(
        "crashes lost signup_breaker deadlines maintenance rolling"
    ),
    "provisioner/builder/pending_signups.py": _SIGN_UP,
    "provisioner/builder/planning.py": _builder("plan_command health rolling two_keys lost"),
    "provisioner/builder/progress.py": _REPORTS,
    "provisioner/builder/ready_marks.py": _builder("lost crashes"),
    "provisioner/builder/reporter.py": _REPORTS,
    "provisioner/builder/result.py": _REPORTS,
    "provisioner/builder/room.py": _builder("room rolling crashes"),
    "provisioner/builder/run.py": _builder("crashes interruption lost unreachable rolling"),
    "provisioner/builder/scheduler.py": _builder("scheduler scheduler_properties crashes"),
    "provisioner/builder/selection.py": _builder("plan_command lost"),
    "provisioner/builder/signup_breaker.py": _builder("signup_breaker"),
    "provisioner/builder/signup_dispatch.py": _SIGN_UP,
    "provisioner/builder/signup_poll.py": _SIGN_UP,
    "provisioner/builder/signup_queue.py": _SIGN_UP,
    "provisioner/builder/signup_request.py": _SIGN_UP,
    "provisioner/builder/signup_sender.py": _SIGN_UP,
    "provisioner/builder/step_list.py": _builder("deadlines new_step upgrade"),
    "provisioner/builder/survey.py": _builder("lost health broken_rows two_keys"),
    "provisioner/builder/unreachable_orgs.py": _builder("maintenance health"),
    "provisioner/builder/usernames.py": _SIGN_UP,
    "provisioner": ("tests",),
}
"""File or package → its tests. Those of the nearest entry count. All tests of the builder take
five minutes, so each of its files has those of its own area."""


def related(file: str) -> tuple[str, ...]:
    """The test folders and files of a file of the package."""
    paths = map(str, (file, *Path(file).parents))
    return next(RELATED[path] for path in paths if path in RELATED)
