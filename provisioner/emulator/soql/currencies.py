"""`convertCurrency(Amount)`: amounts in the user's currency.

A condition with an amount in a currency, `Amount > USD5000`, compares both in the user's currency.

Source: "convertCurrency()" in the SOQL and SOSL Reference. The refusals were not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.model import Call, Condition, Expression, Logical, Path, Value
from provisioner.emulator.soql.names import BoundField, Context, Scope, follow
from provisioner.emulator.soql.users import currency_of, has_currencies

ISO_CODE = "CurrencyIsoCode"
_COMPARED = "user"


def in_one_currency(context: Context, condition: Condition) -> Condition:
    """The condition with amounts such as `USD5000` in the user's currency, and their fields too.

    Without several currencies it is the same, and such amounts are refused by the type of the
    field.
    """
    if not has_currencies(context):
        return condition
    if isinstance(condition, Logical):
        parts = tuple(in_one_currency(context, part) for part in condition.parts)
        return replace(condition, parts=parts)
    has_amounts = [value.kind == "currency" for value in condition.values]
    if not any(has_amounts) or not isinstance(condition.left, Path):
        return condition
    if not all(has_amounts):
        message = "Amounts with and without a currency cannot be mixed"
        raise located("MALFORMED_QUERY", context.text, condition.left.position, message)
    left = condition.left
    field = Call("CONVERTCURRENCY", left, left.position, left.text, unit=_COMPARED)
    values = tuple(_converted(context, value) for value in condition.values)
    return replace(condition, left=field, values=values)


def is_compared(expression: Expression) -> bool:
    """Whether this is the field of an amount that `in_one_currency` has made comparable."""
    return isinstance(expression, Call) and expression.unit == _COMPARED


def _converted(context: Context, value: Value) -> Value:
    code, amount = value.value
    rates, wanted = _rates(context), currency_of(context)
    if code not in rates:
        message = f"currency {code} is not active"
        raise located("MALFORMED_QUERY", context.text, value.position, message)
    converted = amount if code == wanted else amount / rates[code] * rates.get(wanted, 1.0)
    return replace(value, kind="decimal", value=round(converted, 2))


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
