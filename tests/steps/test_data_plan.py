"""A data plan: all its problems at once, and an order in which every reference is known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.steps.data_chunks import DataLoad, read_load, resolved
from provisioner.steps.data_plan import PlanError
from tests.steps.project import accounts, contacts, data_plan, record, write


def load(directory: Path, files: dict[str, list[dict[str, Any]]]) -> DataLoad:
    return read_load(data_plan(directory, files))


def order(loaded: DataLoad) -> list[list[str]]:
    """The reference ids of each request."""
    return [list(chunk.references) for chunk in loaded.chunks]


def placed(path: Path) -> list[str]:
    with pytest.raises(PlanError) as caught:
        read_load(path)
    return list(caught.value.problems)


def problems(path: Path) -> list[str]:
    """As `placed`, without line and column."""
    return [re.sub(r"^([^: ]+):\d+:\d+: ", r"\1: ", problem) for problem in placed(path)]


# --- order and size -----------------------------------------------------------------------


def test_files_are_loaded_in_the_order_of_the_plan(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Account.json": accounts(2), "Contact.json": contacts(2)})
    assert order(loaded) == [["AccountRef1", "AccountRef2"], ["ContactRef1", "ContactRef2"]]
    assert [chunk.sobject for chunk in loaded.chunks] == ["Account", "Contact"]


def test_a_record_comes_after_the_records_of_its_file_that_it_refers_to(tmp_path: Path) -> None:
    chain = [
        record("Account", 1, ParentId="@AccountRef2"),
        record("Account", 2, ParentId="@AccountRef3"),
        record("Account", 3),
    ]
    loaded = load(tmp_path, {"Account.json": chain, "Contact.json": contacts(1)})
    assert order(loaded) == [["AccountRef3"], ["AccountRef2"], ["AccountRef1"], ["ContactRef1"]]


def test_a_record_comes_after_a_later_file_that_it_refers_to(tmp_path: Path) -> None:
    files = {
        "Contact.json": [*contacts(1), record("Contact", 9, LastName="Alone")],
        "Account.json": accounts(1),
    }
    assert order(load(tmp_path, files)) == [["ContactRef9"], ["AccountRef1"], ["ContactRef1"]]


def test_requests_hold_two_hundred_records(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Account.json": accounts(450)})
    assert [len(chunk.records) for chunk in loaded.chunks] == [200, 200, 50]


def test_children_count_as_records(tmp_path: Path) -> None:
    def family(number: int) -> dict[str, Any]:
        inside = [record("Contact", 100 * number + n, LastName="x") for n in range(99)]
        return record("Account", number, Name="A", Contacts={"records": inside})

    loaded = load(tmp_path, {"Account.json": [family(1), family(2), family(3)]})
    assert [chunk.types for chunk in loaded.chunks] == [
        {"Account": 2, "Contact": 198},
        {"Account": 1, "Contact": 99},
    ]
    assert loaded.totals() == {"Account": 3, "Contact": 297}


def test_a_request_has_five_objects_at_most(tmp_path: Path) -> None:
    def parent(number: int, kind: str) -> dict[str, Any]:
        return record("Account", number, Kids={"records": [record(kind, number)]})

    kinds = ["Contact", "Case", "Order", "Asset", "Lead"]
    records = [parent(number, kind) for number, kind in enumerate(kinds)]
    loaded = load(tmp_path, {"Account.json": records})
    assert [len(chunk.records) for chunk in loaded.chunks] == [4, 1]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_record_comes_before_one_that_it_refers_to(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """For any plan whose references go round in no circle."""
    count = data.draw(st.integers(1, 25))
    names = data.draw(st.permutations(range(count)))
    files: dict[str, list[dict[str, Any]]] = {f"T__c-{n}.json": [] for n in range(4)}
    references = {}
    for rank, number in enumerate(names):
        target = data.draw(st.one_of(st.none(), st.sampled_from(names[:rank]))) if rank else None
        references[number] = target
    for number in range(count):
        body = record("T__c", number)
        if references[number] is not None:
            body["Parent__c"] = f"@T__cRef{references[number]}"
        files[f"T__c-{data.draw(st.integers(0, 3))}.json"].append(body)
    loaded = load(tmp_path_factory.mktemp("plan"), files)
    known: set[str] = set()
    for chunk in loaded.chunks:
        for planned in chunk.records:
            parent = planned.body.get("Parent__c", "")[1:]
            assert not parent or parent in known
        known.update(chunk.references)
    assert len(known) == count


# --- references ---------------------------------------------------------------------------


def test_references_become_ids_at_any_depth(tmp_path: Path) -> None:
    body = record(
        "Account",
        1,
        ParentId="@AccountRef9",
        Note="@home",
        Empty="",
        Contacts={"records": [record("Contact", 1, ReportsToId="@AccountRef9")]},
    )
    files = {"Account.json": [record("Account", 9)], "Account-b.json": [body]}
    planned = load(tmp_path, files).chunks[1].records[0]
    sent = resolved(planned, {"AccountRef9": "001"}, {})
    assert (sent["ParentId"], sent["Note"], sent["Empty"]) == ("001", "@home", "")
    assert sent["Contacts"]["records"][0]["ReportsToId"] == "001"
    assert sent["attributes"] == {"type": "Account", "referenceId": "AccountRef1"}


def test_a_record_type_becomes_its_id(tmp_path: Path) -> None:
    body = record("Account", 1, RecordType={"attributes": {}, "Name": "Partner"})
    planned = load(tmp_path, {"Account.json": [body]}).chunks[0].records[0]
    sent = resolved(planned, {}, {("Account", "Partner"): "012"})
    assert sent["RecordTypeId"] == "012"
    assert "RecordType" not in sent


def test_only_references_that_are_still_needed_are_open(tmp_path: Path) -> None:
    files = {
        "Account.json": accounts(3),
        "Contact.json": [record("Contact", 1, AccountId="@AccountRef2")],
        "Case.json": [record("Case", 1, AccountId="@AccountRef1", ContactId="@ContactRef1")],
    }
    loaded = load(tmp_path, files)
    assert loaded.open_references(0) == []
    assert loaded.open_references(1) == ["AccountRef1", "AccountRef2"]
    assert loaded.open_references(2) == ["AccountRef1", "ContactRef1"]
    assert loaded.open_references(3) == []


# --- problems -----------------------------------------------------------------------------


def test_a_reference_to_no_record_is_reported(tmp_path: Path) -> None:
    path = data_plan(tmp_path, {"Contact.json": contacts(2), "Account.json": accounts(1)})
    assert problems(path) == [
        "Contact.json: record 2 (ContactRef2): AccountId: @AccountRef2 is not in any file of the "
        "plan"
    ]


def test_records_that_refer_to_each_other_are_reported(tmp_path: Path) -> None:
    circle = [
        record("Account", 1, ParentId="@AccountRef2"),
        record("Account", 2, ParentId="@AccountRef1"),
        record("Account", 3, ParentId="@AccountRef3"),
        record("Account", 4),
    ]
    assert problems(data_plan(tmp_path, {"Account.json": circle})) == [
        "Account.json: record 1 (AccountRef1): it refers to itself through @AccountRef2",
        "Account.json: record 2 (AccountRef2): it refers to itself through @AccountRef1",
        "Account.json: record 3 (AccountRef3): it refers to itself through @AccountRef3",
    ]


def test_a_reference_id_that_is_used_twice_is_reported_where_it_is_needed(tmp_path: Path) -> None:
    twice = {"Account.json": [*accounts(2), record("Account", 1)], "Contact.json": contacts(2)}
    text = "the referenceId AccountRef1 is used by another record as well"
    assert problems(data_plan(tmp_path, twice)) == [
        f"Account.json: record 1 (AccountRef1): {text}",
        f"Account.json: record 3 (AccountRef1): {text}",
    ]
    unused = {"Account.json": accounts(1), "Account-b.json": accounts(1)}
    assert len(load(tmp_path, unused).chunks) == 2


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path / "empty.json", "")
    write(tmp_path / "broken.json", '{"records": [\n  {,\n')
    write(tmp_path / "latin.json", b'{"records": ["\xe4"]}')
    write(tmp_path / "list.json", "[]")
    write(
        tmp_path / "records.json",
        '{"records": [1, {"Name": "x"}, {"attributes": {"type": "A", "referenceId": "a"},'
        ' "RecordType": {}}, {"attributes": {"type": "A", "referenceId": "b"},'
        ' "Kids": {"records": [{}]}}]}',
    )
    names = ["empty", "broken", "latin", "list", "records", "missing"]
    files = ", ".join(f'"{name}.json"' for name in names)
    write(
        tmp_path / "plan.json",
        f'[{{"sobject": "Account", "files": [{files}]}}, {{"sobject": "A B", "files": ["x"]}},'
        ' {"sobject": "A", "files": []}, {"sobject": "A", "files": [{"x": 1}]}, 7]',
    )
    attributes = "attributes must contain type and referenceId"
    assert problems(tmp_path / "plan.json") == [
        "empty.json: it is empty",
        "broken.json: the file is not JSON: Expecting property name enclosed in double quotes",
        "latin.json: the file is not UTF-8 text",
        'list.json: a data file must have the form {"records": [...]}',
        f"records.json: record 1: {attributes}",
        f"records.json: record 2: {attributes}",
        "records.json: record 3: RecordType must contain the Name of the record type",
        f"records.json: record 4: {attributes}",
        "missing.json: cannot be read: No such file or directory",
        "plan.json: entry 2: sobject must be the API name of an object",
        "plan.json: entry 3: files must be a list of data files",
        "plan.json: entry 4: files must be a list of paths; the older form with objects is not "
        "supported",
        "plan.json: entry 5: sobject must be the API name of an object",
    ]


@pytest.mark.parametrize("text", ["{}", '{"sobject": "Account", "files": []}', "7", "null"])
def test_a_plan_is_a_list(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "plan.json", text)
    assert problems(path) == ["plan.json: a plan must be a list of objects with sobject and files"]


def test_one_record_must_fit_into_a_request(tmp_path: Path) -> None:
    inside = [record("Contact", n) for n in range(200)]
    body = record("Account", 1, Contacts={"records": inside})
    assert problems(data_plan(tmp_path, {"Account.json": [body]})) == [
        "Account.json: record 1 (AccountRef1): it has more than 200 records in it"
    ]


FAMILY = """\
{"records": [
  {"attributes": {"type": "Account", "referenceId": "A1"}, "Name": "x, {"},
  {"attributes": {"type": "Account", "referenceId": "A2"},
   "Contacts": {"records": [
     {"attributes": {"type": "Contact", "referenceId": "C1"}, "LastName": "\\"@"},
     {"attributes": {"type": "Contact", "referenceId": "C2"},
      %s}]}}
]}
"""


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            '"Id": "003000000000001"',
            "7:7: {}a new record cannot have an Id; leave it out, or refer to another record",
        ),
        (
            '"LastName": "x", "id": null',
            "7:24: {}a new record cannot have an Id; leave it out, or refer to another record",
        ),
        (
            '"AccountId": "@a1"',
            "7:7: {}AccountId: @a1 is not in any file of the plan; did you mean @A1? "
            "(case matters)",
        ),
        ('"OwnerId": "@somebody"', "7:7: {}OwnerId: @somebody is not in any file of the plan"),
        ('"X__c": "@AccountRef7"', "7:7: {}X__c: @AccountRef7 is not in any file of the plan"),
    ],
)
def test_a_mistake_in_a_nested_child_is_reported_at_its_line(
    line: str, problem: str, tmp_path: Path
) -> None:
    write(tmp_path / "family.json", FAMILY % line)
    path = write(tmp_path / "plan.json", '[{"sobject": "Account", "files": ["family.json"]}]')
    assert placed(path) == [f"family.json:{problem.format('record 2 (A2): ')}"]


def test_a_text_that_begins_with_an_at_sign_is_no_reference(tmp_path: Path) -> None:
    write(tmp_path / "family.json", FAMILY % '"Twitter__c": "@acme", "Description": "@A1 is ours"')
    path = write(tmp_path / "plan.json", '[{"sobject": "Account", "files": ["family.json"]}]')
    assert len(read_load(path).chunks) == 1


def test_a_record_of_another_type_than_its_entry_is_reported(tmp_path: Path) -> None:
    """The type of the entry is the one that Salesforce is asked for."""
    other = data_plan(tmp_path, {"Account.json": [record("account", 1), record("Contact", 1)]})
    assert placed(other) == [
        "Account.json:1:97: record 2 (ContactRef1): it is a Contact in a file of Account; "
        "write a separate entry for Contact"
    ]


@pytest.mark.parametrize("reference", ["Acme-1", "Acme 1", "Äcme", "@Acme"])
def test_a_reference_id_has_letters_digits_and_underscores_only(
    reference: str, tmp_path: Path
) -> None:
    body = {"attributes": {"type": "Account", "referenceId": reference}, "Name": "x"}
    [problem] = problems(data_plan(tmp_path, {"Account.json": [body]}))
    assert problem.endswith(
        f"the referenceId {reference!r} may have only letters, digits and underscores"
    )


def test_a_reference_id_that_is_used_twice_in_one_request_is_reported(tmp_path: Path) -> None:
    """Even when no record refers to it; in two requests it does no harm."""
    twice = {"Account.json": [*accounts(2), record("Account", 2)]}
    text = "(AccountRef2): the referenceId AccountRef2 is used by another record as well"
    assert problems(data_plan(tmp_path, twice)) == [
        f"Account.json: record 2 {text}",
        f"Account.json: record 3 {text}",
    ]
    apart = {"Account.json": [*accounts(200), record("Account", 2)]}
    assert len(load(tmp_path, apart).chunks) == 2


def test_records_are_nested_in_five_levels_at_most(tmp_path: Path) -> None:
    def nested(levels: int) -> dict[str, Any]:
        inside = {"Kids": {"records": [nested(levels - 1)]}} if levels > 1 else {}
        return record("Account", levels, **inside)

    assert load(tmp_path, {"Account.json": [nested(5)]}).totals() == {"Account": 5}
    assert problems(data_plan(tmp_path, {"Account.json": [nested(6)]})) == [
        "Account.json: record 1 (AccountRef6): records are nested more than 5 levels deep"
    ]


def test_a_file_that_is_nested_too_deep_is_reported_at_its_line(tmp_path: Path) -> None:
    write(tmp_path / "deep.json", '{"records": ' + "[\n" * 100_000)
    path = write(tmp_path / "plan.json", '[{"sobject": "Account", "files": ["deep.json"]}]')
    [problem] = placed(path)
    assert problem.startswith(
        "deep.json:100:1: the file is not JSON: nested more than 100 levels deep"
    )


def test_files_are_relative_to_the_plan_and_old_keys_are_ignored(tmp_path: Path) -> None:
    write(tmp_path / "data/sub/Account.json", '{"records": []}')
    entry = '{"sobject": "Account", "saveRefs": true, "resolveRefs": true, "files":'
    path = write(tmp_path / "data/plan.json", f'\ufeff[{entry} ["sub/Account.json"]}}]')
    assert read_load(path).chunks == ()
