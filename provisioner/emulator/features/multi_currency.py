"""Several currencies: every record has one of the org's currencies.

Source: "CurrencyIsoCode" and "CurrencyType" in the Object Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.emulator.errors import RecordError
from provisioner.emulator.features import has_feature
from provisioner.emulator.objects.rules import Change, rule

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

FEATURE = "MultiCurrency"
CORPORATE = "USD"
_FIELD = "CurrencyIsoCode"


@rule("*", "before insert")
@rule("*", "before update")
def _currency(org: EmulatedOrg, change: Change) -> None:
    """Set the corporate currency by default; refuse a currency that is not active."""
    record = change.record
    if _FIELD not in record or not has_feature(org, FEATURE) or change.type.name == "CurrencyType":
        return
    record[_FIELD] = record[_FIELD] or CORPORATE
    if _FIELD in change.given and record[_FIELD] not in _active(org):
        text = f"Currency ISO Code: bad value for restricted picklist field: {record[_FIELD]}"
        raise RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [_FIELD])


def _active(org: EmulatedOrg) -> set[str]:
    rows = org.store.peek_rows("CurrencyType")
    return {CORPORATE, *(str(row["IsoCode"]) for row in rows if row["IsActive"])}
