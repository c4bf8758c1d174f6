"""What a failed rehearsal says about names that only the emulator does not know."""

from __future__ import annotations

import pytest

from provisioner.config.rehearsal import assumption_rule
from provisioner.emulator.features.assumptions import Assumption
from provisioner.rehearsal.unknown import advice, assumptions


@pytest.mark.parametrize(
    ("error", "found"),
    [
        ("INVALID_FIELD: No such column 'A__c' on sobject of type Account", ["field:Account.A__c"]),
        (
            "SELECT A__c FROM Lead: No such column 'A__c' on entity 'Lead'. If you are",
            ["field:Lead.A__c"],
        ),
        ("INVALID_TYPE: sObject type 'A__c' is not supported. If", ["object:A__c"]),
        ("NOT_EMULATED: not emulated: sObject Quote", ["object:Quote"]),
        ("NOT_EMULATED: not emulated: field Account.Tier", ["field:Account.Tier"]),
        (
            "not emulated: child relationship Account.Plans to AccountPlan",
            ["object:AccountPlan"],
        ),
        ("Entity of type 'CustomObject' named 'A__c' cannot be found (X)", ["object:A__c"]),
        ("x: referenceTo value of 'A__c' does not resolve to a valid sObject", ["object:A__c"]),
        ("A.cls:1:2: Invalid type: A__c (ApexClass A)", ["object:A__c"]),
        ("In field: apexClass - no ApexClass named A found (Profile B)", ["ApexClass:A"]),
        ("In field: field - no CustomField named A.B__c found (X)", ["field:A.B__c"]),
        ("In field: layout - no Layout named A-B C found (X)", ["Layout:A-B C"]),
        (
            "permission sets not found in the org: A, B\n | A: no similar name",
            ["permission-set:A", "permission-set:B"],
        ),
        ("Missing ';' at '}'", []),
    ],
)
def test_the_messages_of_the_platform_name_what_can_be_assumed(
    error: str, found: list[str]
) -> None:
    assert assumptions([error, error]) == found
    assert [assumption_rule(one) for one in found] == [""] * len(found)
    assert [str(Assumption.parse(one).name) for one in found] == [
        one.partition(":")[2] for one in found
    ]


def test_the_advice_is_a_command_to_copy() -> None:
    (text,) = advice(["no Layout", "In field: layout - no Layout named A-B C found (X)"])
    assert "does not know A-B C, which a real org may have" in text
    assert text.endswith("provisioner rehearse --assume 'Layout:A-B C'")


def test_of_many_names_the_first_are_shown() -> None:
    (text,) = advice([f"sObject type 'A{n}__c' is not supported" for n in range(12)])
    assert "A7__c and 4 more (--json lists them), which a real org may have" in text


def test_other_failures_get_no_advice() -> None:
    assert advice(["the sign-up failed"]) == []


def test_what_cannot_be_assumed_is_named_as_not_emulated() -> None:
    assert advice(["NOT_EMULATED: not emulated: SOQL WITH DATA CATEGORY\n | x"]) == [
        "The emulator does not emulate SOQL WITH DATA CATEGORY. A real org may accept it."
    ]
