"""Records between Apex and the org: queries with bound variables, and DML."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from provisioner.emulator.dml import Dml
from provisioner.emulator.errors import ApiError, NotEmulatedError, RecordError
from provisioner.emulator.metadata.apex_run.values import (
    ApexSet,
    Instance,
    NotFollowedError,
    Rows,
    SObject,
    ThrownError,
    to_json,
)
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.soql.evaluate import run
from provisioner.emulator.soql.names import Context

if TYPE_CHECKING:
    from provisioner.emulator.objects.schema import ObjectType
    from provisioner.emulator.org import EmulatedOrg

_PARTS = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|:\s*(?P<bound>\w[\w.?]*(?:\((?:[^()']|'[^']*')*\)(?:\.\w+)?)*"
    r"(?:\[\d+\])?)(?!\s*:)"
)
_COUNT = re.compile(r"\s*SELECT\s+COUNT\(\s*\)", re.IGNORECASE)
_IGNORED = re.compile(r"\s+(?:WITH\s+(?:SECURITY_ENFORCED|USER_MODE|SYSTEM_MODE)|ALL\s+ROWS)\b",
                      re.IGNORECASE)  # fmt: skip
_GUARDED_USER_FIELDS = frozenset(
    {"userroleid", "isactive", "forecastenabled", "isportalenabled", "username", "profileid"}
)
"""A User may be updated together with ordinary objects unless one of these changes, and inserted
if UserRoleId is null.

Source: "sObjects That Cannot Be Used Together in DML Operations" in the Apex Developer Guide.
"""


class Records:
    """The records of the org as the block sees and changes them."""

    def __init__(self, org: EmulatedOrg, user_id: str) -> None:
        self.org, self.user_id = org, user_id
        self._dml = Dml(org.store, user_id)

    # --- queries ----------------------------------------------------------------------------

    def query(self, soql: str, bound: Callable[[str], Any]) -> Any:
        """The records of a query, or the number that COUNT() counts."""
        text = with_values(soql, lambda _before, name: _written(bound(name)))
        context = Context(self.org.store, text, self.org.now(), self.user_id,
                          records_path="/services/data/v66.0/sobjects")  # fmt: skip
        try:
            answer = run(context)
        except NotEmulatedError as error:
            raise NotFollowedError(str(error)) from error
        except ApiError as error:
            raise ThrownError("System.QueryException", error.message.strip()) from error
        if _COUNT.match(text):
            return answer.total_size
        return Rows(self.record(one) for one in answer.records)

    def record(self, row: dict[str, Any]) -> SObject:
        """A record as the data APIs show it → a record of Apex."""
        kind = str((row.get("attributes") or {}).get("type", "AggregateResult"))
        known = self.org.store.find_type(kind)
        made = SObject(kind, is_queried=True)
        url = str((row.get("attributes") or {}).get("url") or "")
        if url:  # a query in Apex always has the id
            made.fields["id"] = "Id", url.rpartition("/")[2]
        for name, value in row.items():
            if name != "attributes":
                made.fields[name.lower()] = name, self._value(known, name, value)
        return made

    def _value(self, known: ObjectType | None, name: str, value: Any) -> Any:
        if isinstance(value, dict) and "records" in value:
            return [self.record(one) for one in value["records"]]
        if isinstance(value, dict) and "attributes" in value:
            return self.record(value)
        field = known.find_field(name) if known else None
        if field is None or not isinstance(value, str):
            return value
        if field.type == "date":
            return date.fromisoformat(value)
        return parse_datetime(value) if field.type == "datetime" else value

    # --- DML --------------------------------------------------------------------------------

    def change(self, operation: str, value: Any, key: str = "", *, all_or_none: bool = True) -> Any:
        """Insert, update, upsert or delete; the results, in the order of the records."""
        records = value if isinstance(value, list) else [value]
        if any(not isinstance(one, SObject | str) for one in records):
            raise NotFollowedError(f"{operation} of these values")
        results: list[Any] = []
        with self.org.store.transaction():
            for row, record in enumerate(records):
                try:
                    with self.org.store.transaction():
                        was_created = self._change(operation, record, key)
                except NotEmulatedError as error:
                    raise NotFollowedError(str(error)) from error
                except RecordError as error:
                    if all_or_none:
                        raise _dml_exception(operation, row, record, error) from error
                    results.append(_result(record, error))
                    continue
                results.append(_result(record, None, was_created=was_created))
        return results if isinstance(value, list) else results[0]

    def _change(self, operation: str, record: SObject | str, key: str) -> bool:
        if operation == "delete":
            self._dml.delete(record if isinstance(record, str) else record.id)
            return False
        if isinstance(record, str):
            raise NotFollowedError(f"{operation} of an id")
        if operation == "upsert" and (key and key.lower() != "id"):
            return self._upsert(record, key)
        if operation == "insert" or (operation == "upsert" and not record.id):
            record.fields["id"] = "Id", self._insert(record)
        elif operation in ("update", "upsert"):
            self._update(record)
        else:
            raise NotFollowedError(operation)
        record.changed.clear()
        return operation == "insert"

    def _insert(self, record: SObject) -> str:
        values = self._values(record)
        if record.type.lower() == "user" and not record.get("UserRoleId"):
            return self.org.store.insert("User", values, user_id=self.user_id)
        return self._dml.insert(record.type, values)

    def _upsert(self, record: SObject, key: str) -> bool:
        record_id, was_created = self._dml.upsert(record.type, key, self._values(record))
        record.fields["id"] = "Id", record_id
        record.changed.clear()
        return was_created

    def _update(self, record: SObject) -> None:
        if not record.id:
            raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call")
        values = self._values(record)
        if record.type.lower() == "user" and not _GUARDED_USER_FIELDS & record.changed:
            self.org.store.update("User", record.id, values, user_id=self.user_id)
        else:
            self._dml.update(record.type, {**values, "Id": record.id})

    def _values(self, record: SObject) -> dict[str, Any]:
        """What the code has set."""
        return {
            name: to_json(value)
            for key, (name, value) in record.fields.items()
            if key in record.changed and key != "id"
        }


def with_values(soql: str, value: Callable[[str, str], str]) -> str:
    """A query of Apex as the data APIs read it.

    Each bound expression is replaced by `value(text before it, expression)`.
    """

    def literal(found: re.Match[str]) -> str:
        return found["text"] or value(soql[: found.start()], found["bound"])

    return _IGNORED.sub("", _PARTS.sub(literal, soql))


def _written(value: Any) -> str:
    """A value as SOQL writes it."""
    if isinstance(value, SObject):
        return _written(value.id)
    if isinstance(value, list | ApexSet):
        return "(" + (", ".join(map(_written, value)) or "null") + ")"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"
    if isinstance(value, int | float):
        return str(value)
    raise NotFollowedError("a bound variable of this type")


def _dml_exception(
    operation: str, row: int, record: SObject | str, error: RecordError
) -> ThrownError:
    record_id = record if isinstance(record, str) else record.id
    where = (
        f"row {row} with id {record_id}" if record_id and operation != "insert" else f"row {row}"
    )
    fields = ", ".join(error.fields)
    return ThrownError(
        "System.DmlException",
        f"{operation.capitalize()} failed. First exception on {where}; "
        f"first error: {error.code}, {error.message}: [{fields}]",
        getnumdml=1,
        getdmlindex=row,
        getdmlid=record_id,
        getdmlmessage=error.message,
        getdmltype=error.code,
        getdmlfieldnames=list(error.fields),
    )


def _result(
    record: SObject | str, error: RecordError | None, *, was_created: bool = False
) -> Instance:
    """A Database.SaveResult, UpsertResult or DeleteResult."""
    errors: list[Instance] = []
    if error is not None:
        values = {"getmessage": error.message, "getstatuscode": error.code,
                  "getfields": list(error.fields)}  # fmt: skip
        errors.append(Instance("Database.Error", values))
    record_id = record if isinstance(record, str) else record.id
    return Instance(
        "Database.Result",
        {"issuccess": error is None, "getid": record_id, "geterrors": errors,
         "iscreated": was_created},
    )  # fmt: skip
