"""Orgs that fail in the same way are one cause, in the result of a build and in its record."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.builder.causes import Cause, causes, causes_in, parsed
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, Run
from tests.builder.night import Night


def failed(number: int, error: str, pool: str = "morning") -> Org:
    return Org(f"{pool}-{number}@acme.example", pool, error=error)


SAME = [
    ("sign-up: Error C-1007: the username is taken",) * 2,
    (
        "deploy_source: deploy 0Af0p000000abcdCAA Failed: 1 component failed\nX.cls:3:9: no type Y",
        "deploy_source: deploy 0Af0p000000wxyzCAA Failed: 1 component failed\nX.cls:3:9: no type Y",
    ),
    ("login: morning-a@acme.example is locked", "login: morning-b@acme.example is locked"),
    ("install: not finished after 2h", "install: not finished after 90 minutes"),
    ("x: no answer from https://a.my.salesforce.com/y", "x: no answer from https://b.example/z"),
    ("x: at 2026-11-28T03:04:05.123Z", "x: at 2026-11-28T03:05:00Z"),
]
DIFFERENT = [
    ("deploy_source: no type Y", "deploy_metadata: no type Y"),
    ("deploy_source: failed\nX.cls:3:9: no type", "deploy_source: failed\nX.cls:7:9: no type"),
    ("load_data: Account 12 is refused", "load_data: Account 13 is refused"),
    ("sign-up: Error C-9999", "sign-up: Error C-1007"),
]


@pytest.mark.parametrize("errors", SAME)
def test_what_differs_from_org_to_org_is_no_cause_of_its_own(errors: tuple[str, str]) -> None:
    orgs = [failed(number, error) for number, error in enumerate(errors)]
    (cause,) = causes(orgs)
    assert (cause.count, cause.orgs) == (2, tuple(org.username for org in orgs))


@pytest.mark.parametrize("errors", DIFFERENT)
def test_different_messages_are_different_causes(errors: tuple[str, str]) -> None:
    assert len(causes([failed(0, errors[0]), failed(1, errors[1])])) == 2


def test_the_most_frequent_cause_comes_first_with_its_pools_and_its_line() -> None:
    orgs = [failed(1, "a: one"), failed(2, "b: two"), failed(3, "b: two", "noon")]
    first, second = causes(orgs, {("morning", "b"): "pool.yaml:31"})
    assert first == Cause(
        "b",
        "two",
        2,
        pools=("morning", "noon"),
        location="pool.yaml:31",
        orgs=("morning-2@acme.example", "noon-3@acme.example"),
    )
    assert (second.step, second.count, second.location) == ("a", 1, "")


def test_an_error_has_step_message_details_and_hint() -> None:
    cause = parsed("load_data: 2 rows failed\nrow 3: no Name\nrow 9: no Name\nhint: add a Name")
    assert (cause.step, cause.message) == ("load_data", "2 rows failed")
    assert cause.details == ("row 3: no Name", "row 9: no Name")
    assert cause.hint == "add a Name"


@pytest.mark.parametrize("found", [None, 7, "x", [None, 7, {"count": "x", "orgs": 3}]])
def test_a_record_of_another_program_gives_no_exception(found: Any) -> None:
    assert all(cause.count == 0 for cause in causes_in({"causes": found}))


def test_the_record_of_a_build_has_causes_and_durations(night: Night) -> None:
    (night.folder / "broken.apex").write_text("String x = ;", encoding="utf-8")
    night.write_pool(size=2, steps="- run_apex: broken.apex\n", pool="replacements: 0")
    result = night.build()
    assert [(cause.step, cause.count) for cause in result.causes] == [("run_apex", 2)]
    (run,) = runs(night)
    (cause,) = causes_in(run.summary)
    assert cause == result.causes[0]
    assert cause.location == "pool.yaml:15"
    assert set(run.summary["durations"]["sample"]) == {"sign-up", "settings"}
    assert {len(spans) for spans in run.summary["timeline"]["orgs"].values()} == {3}
    assert run.summary["timeline"]["steps"] == ["sign-up", "settings", "run_apex"]


def runs(night: Night) -> list[Run]:
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        return ledger.runs()
    finally:
        ledger.close()
