"""`convertCurrency(Amount)`: amounts in the user's currency.

Source: "convertCurrency()" in the SOQL and SOSL Reference. The refusals were not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.model import Call, Path
from provisioner.emulator.soql.names import BoundField, Context, Scope, follow
from provisioner.emulator.soql.users import currency_of, has_currencies

ISO_CODE = "CurrencyIsoCode"


def bind_conversion(scope: Scope, call: Call) -> tuple[Field, Callable[[Any], Any]]:
    """The field inside convertCurrency(), and how to get its value in the user's currency."""
    text, context = scope.context.text, scope.context
    bound = scope.bind(call.argument) if isinstance(call.argument, Path) else None
    if bound is None or bound.field.type != "currency":
        message = f"convertCurrency() needs a currency field: {call.text}"
        raise located("MALFORMED_QUERY", text, call.position, message)
    if not has_currencies(context):
        message = f"convertCurrency() needs an org with multiple currencies: {call.text}"
        raise located("MALFORMED_QUERY", text, call.position, message)
    return bound.field, _getter(context, bound)


def _getter(context: Context, bound: BoundField) -> Callable[[Any], Any]:
    rates = _rates(context)
    wanted = currency_of(context)

    def value(record: Any) -> Any:
        found = follow(context.store, record, bound.hops)
        amount = None if found is None else found.get(bound.field.name)
        if found is None or amount is None:
            return None
        own = str(found.get(ISO_CODE) or wanted)
        if own == wanted:
            return amount
        return round(amount / rates.get(own, 1.0) * rates.get(wanted, 1.0), 2)

    return value


def _rates(context: Context) -> dict[str, float]:
    """How many units of each currency one unit of the corporate currency is."""
    rows = context.store.peek_rows("CurrencyType")
    return {str(row["IsoCode"]): float(row["ConversionRate"] or 1) for row in rows}
