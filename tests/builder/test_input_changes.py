"""`plan` names what has changed since an org was built, from a short text in a build's record."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from provisioner.builder.input_changes import changes
from provisioner.builder.org_inputs import OrgInputs, StepInputs
from provisioner.builder.packed_inputs import KEY, LONGEST, packed, recorded_inputs, unpacked
from provisioner.ledger.base import Run
from provisioner.report.changes import changes_text

CLASSES = "force-app/main/default/classes"
SOURCE = {
    f"{CLASSES}/Visit.cls": "aaaa",
    f"{CLASSES}/Visit.cls-meta.xml": "bbbb",
    "package.xml": "c",
}
DATA = {"data/plan.json": "1", "data/Account.json": "2"}


def step(kind: str, names: Mapping[str, str], index: int, title: str = "") -> StepInputs:
    digest = hashlib.sha256(str(sorted(names.items())).encode()).hexdigest()[:4]
    return StepInputs(kind, title or kind, digest, names, index=index)


def org(*steps: StepInputs, **definition: str) -> OrgInputs:
    return OrgInputs(definition, steps)


def said(old: OrgInputs, new: OrgInputs) -> str:
    """The text after both were written to the record of a run and read again."""
    found = unpacked(packed({"old": old}))["old"]
    return changes_text(changes(found, new))


BEFORE = org(
    step("deploy_source", SOURCE, 0), step("load_data", DATA, 1), edition="e", features="f"
)


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (BEFORE, ""),
        (
            org(*BEFORE.steps, edition="e", features="g", settings="s"),
            "definition: features, settings",
        ),
        (org(*BEFORE.steps, edition="e"), "definition: features removed"),
        (
            org(step("deploy_source", {**SOURCE, f"{CLASSES}/Visit.cls": "x"}, 0), BEFORE.steps[1],
                **BEFORE.definition),
            "source: force-app/main/default/classes/Visit.cls, steps[0]",
        ),
        (
            org(step("deploy_source", {"package.xml": "d", **dict(list(SOURCE.items())[:1])}, 0),
                BEFORE.steps[1], **BEFORE.definition),
            "source: force-app/…/Visit.cls-meta.xml removed, steps[0]",
        ),
        (
            org(step("deploy_source", {**SOURCE, "package.xml": "d"}, 0), BEFORE.steps[1],
                **BEFORE.definition),
            "source: package.xml, steps[0]",
        ),
        (
            org(BEFORE.steps[0], step("load_data", dict.fromkeys("abcdef", ""), 1),
                **BEFORE.definition),
            "data: a, b, c, 5 more, steps[1]",
        ),
        (
            org(step("install_package", {"Billing": "04t"}, 0), *BEFORE.steps, **BEFORE.definition),
            "install_package added, steps[0]",
        ),
        (org(BEFORE.steps[0], **BEFORE.definition), "load_data removed"),
        (
            org(BEFORE.steps[0], step("run_apex", {"a.apex": "1"}, 1), **BEFORE.definition),
            "load_data removed; run_apex added, steps[1]",
        ),
        (
            org(BEFORE.steps[0], step("mine", {}, 1), step("load_data", DATA, 2),
                **BEFORE.definition),
            "mine added, steps[1]",
        ),
    ],
)  # fmt: skip
def test_what_has_changed_is_named(after: OrgInputs, text: str) -> None:
    assert said(BEFORE, after) == text


def test_a_step_of_a_kind_that_names_nothing_is_named_itself() -> None:
    old, new = (StepInputs("mine", "Billing", digest, index=3) for digest in "ab")
    assert said(org(old), org(new)) == "Billing, steps[3]"


def project(files: int) -> dict[str, str]:
    """Files with random digests, in folders as a project has them."""
    digits = random.Random(1)
    return {
        f"force-app/main/default/{folder}/Component{number}/file{file}": f"{digits.random():.4f}"[
            2:
        ]
        for number in range(files // 20)
        for folder in ("classes", "lwc", "objects", "layouts", "flows")
        for file in "abcd"
    }


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (500, "source: force-app/…/filea, steps[0]"),
        (6_000, "source: force-app/main/default/lwc/Component7/, steps[0]"),
        (24_000, "source: force-app/main/default/lwc/, steps[0]"),
    ],
)
def test_of_a_large_project_folders_are_recorded_in_place_of_files(files: int, text: str) -> None:
    """The text stays short, because a run has 131,072 characters on a Dev Hub."""
    names = project(files)
    old = org(step("deploy_source", names, 0))
    changed = {**names, "force-app/main/default/lwc/Component7/filea": "other"}
    assert len(packed({"old": old})) <= LONGEST
    assert said(old, org(step("deploy_source", changed, 0))) == text


def test_a_long_record_of_a_build_leaves_less_room() -> None:
    old = {"old": org(step("deploy_source", project(500), 0))}
    assert 0 < len(packed(old, 1_000)) <= 1_000 < len(packed(old))
    assert packed(old, 10) == packed(old, -5) == ""


def test_steps_that_several_definitions_share_are_recorded_once() -> None:
    shared = step("deploy_source", project(500), 0)
    one = packed({"a": org(shared)})
    assert len(packed({"a": org(shared), "b": org(shared, edition="e")})) < len(one) + 100


@pytest.mark.parametrize("text", ["", None, 7, "not base64 …", "AAAA", packed({})])
def test_a_text_that_no_build_has_written_says_nothing(text: object) -> None:
    assert unpacked(text) == {}


def test_a_text_of_another_form_says_nothing() -> None:
    import base64
    import zlib

    for document in (
        b"[]",
        b'{"orgs": {"a": [1, 2]}, "steps": []}',
        b'{"orgs": {}, "steps": [[1]]}',
    ):
        assert unpacked(base64.b64encode(zlib.compress(document)).decode()) == {}


def test_the_newest_record_of_a_fingerprint_counts() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    new, old = (
        Run(name, "host", 1, at, summary={KEY: packed({"same": org(edition=name), name: org()})})
        for name in ("new", "old")
    )
    found = recorded_inputs([new, old, Run("empty", "host", 1, at)])
    assert found["same"].definition == {"edition": "new"}
    assert found.keys() == {"same", "new", "old"}
