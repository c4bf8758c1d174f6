"""An org with a shop in it: every type of field, parents, children, records to ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.emulator.clock import Clock
from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.evaluate import Answer, run
from provisioner.emulator.soql.names import Context
from provisioner.emulator.world import World

NOW = datetime(2026, 11, 24, 21, 13, 9, tzinfo=UTC)  # a Tuesday

Ask = Callable[..., Answer]


def shop_types() -> list[ObjectType]:
    """`Shop__c`, its `Sale__c` children, `Sale__c.Rival__c` pointing to a shop as well."""
    shop = ObjectType(
        "Shop__c",
        "a01",
        "Shop",
        "Shops",
        catalogue.audit_fields()
        | _fields(
            Field("Name", is_required=True),
            Field("Code__c", is_unique=True, is_external_id=True, length=20),
            Field("Kind__c", "picklist", picklist=("Small", "Medium", "Large")),
            Field("Wares__c", "multipicklist", picklist=("Tea", "Rum", "Silk")),
            Field("Staff__c", "int"),
            Field("Rating__c", "double", precision=6, scale=2),
            Field("Open__c", "boolean", default=False),
            Field("Since__c", "date"),
            Field("Audited__c", "datetime"),
            Field("Notes__c", "textarea", length=32000, is_filterable=False),
            Field("Formula__c", "double", formula="1+1", is_createable=False),
        ),
        is_custom=True,
    )
    sale = ObjectType(
        "Sale__c",
        "a02",
        "Sale",
        "Sales",
        catalogue.audit_fields(owners="")
        | _fields(
            Field("Name"),
            _lookup("Shop__c", "Shop__r", "Sales__r"),
            _lookup("Rival__c", "Rival__r", "Lost_Sales__r"),
            Field("Amount__c", "currency", precision=16, scale=2),
            Field("Sold__c", "date"),
        ),
        is_custom=True,
    )
    return [shop, sale]


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


def _lookup(name: str, relationship: str, children: str) -> Field:
    return Field(
        name,
        "reference",
        reference_to=("Shop__c",),
        relationship_name=relationship,
        child_relationship_name=children,
    )


SHOPS: dict[str, dict[str, Any]] = {
    "Harbour": {"Code__c": "H1", "Kind__c": "Large", "Wares__c": "Tea;Rum", "Staff__c": 12,
                "Rating__c": 4.5, "Open__c": True, "Since__c": "2026-11-24",
                "Audited__c": "2026-11-24T08:00:00Z", "Notes__c": "by the sea"},
    "market": {"Code__c": "M1", "Kind__c": "Small", "Wares__c": "Tea", "Staff__c": 2,
               "Since__c": "2026-11-10", "Audited__c": "2026-10-01T23:59:59Z"},
    "O'Neill's 100%": {"Code__c": "O1", "Kind__c": "Medium", "Staff__c": 5, "Rating__c": 3.25,
                       "Since__c": "2025-02-03"},
    "Zenith": {"Code__c": "Z1"},
}  # fmt: skip


@pytest.fixture
def org() -> EmulatedOrg:
    """A scratch org at a fixed time, with the shop types and no shops."""
    world = World(clock=Clock(speed=0, start=NOW))
    org = world.add_scratch_org("test-shop@example.com")
    for one in shop_types():
        org.store.add_type(replace(one, fields=dict(one.fields)))
    return org


@pytest.fixture
def shops(org: EmulatedOrg) -> dict[str, str]:
    """The ids of the shops by name; the first two of them have sales."""
    ids = {
        name: org.store.insert("Shop__c", {"Name": name, **values}, user_id=org.admin_id)
        for name, values in SHOPS.items()
    }
    for shop, amount, day in (
        ("Harbour", 10.5, "2026-11-01"),
        ("Harbour", 20, "2026-11-02"),
        ("market", 7, None),
        (None, 99, "2026-11-03"),
    ):
        values = {"Name": f"{shop} {amount}", "Amount__c": amount, "Sold__c": day}
        if shop:
            values["Shop__c"] = ids[shop]
            values["Rival__c"] = ids["Zenith"]
        org.store.insert("Sale__c", values, user_id=org.admin_id)
    return ids


@pytest.fixture
def ask(org: EmulatedOrg) -> Ask:
    """Runs a query in the org."""

    def run_query(text: str, **settings: Any) -> Answer:
        settings = {
            "user_id": org.admin_id,
            "records_path": "/services/data/v68.0/sobjects",
        } | settings
        return run(Context(org.store, text, org.world.now(), **settings))

    return run_query
