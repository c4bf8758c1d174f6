"""What Apex asks of the schema: describes, record types, custom settings, custom metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.apex_run.values import (
    Constant,
    Instance,
    NotFollowedError,
    SObject,
)

if TYPE_CHECKING:
    from provisioner.emulator.metadata.apex_run.records import Records
    from provisioner.emulator.objects.records import Record


class _ByName(dict[Any, Constant]):
    """A map whose keys are names in any case."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: Any, default: Any = None) -> Any:
        """The token of this name."""
        return super().get(str(name).lower(), default)


class Schema:
    """The schema of the org."""

    def __init__(self, records: Records) -> None:
        self._records, self._store = records, records.org.store

    def describe(self, name: str) -> Instance:
        """A DescribeSObjectResult. Raises NotFollowedError for what is no object of the org."""
        known = self._store.find_type(name)
        if known is None:
            raise NotFollowedError(f"the object {name}")
        infos = [self._record_type(row) for row in self._store.peek_rows("RecordType")
                 if row["SobjectType"] == known.name]  # fmt: skip
        return Instance(
            "Schema.DescribeSObjectResult",
            {
                "getkeyprefix": known.key_prefix or None,
                "getlabel": known.label,
                "getlabelplural": known.label_plural,
                "getname": known.name,
                "getlocalname": known.name,
                "getrecordtypeinfos": infos,
                "getrecordtypeinfosbydevelopername": _by(infos, "getdevelopername"),
                "getrecordtypeinfosbyid": _by(infos, "getrecordtypeid"),
                "getrecordtypeinfosbyname": _by(infos, "getname"),
                "getsobjecttype": Constant("SObjectType", known.name),
                "isaccessible": True,
                "iscreateable": known.is_createable,
                "iscustom": known.is_custom,
                "isdeletable": known.is_deletable,
                "isupdateable": known.is_updateable,
            },
        )

    def all_objects(self) -> dict[Any, Constant]:
        """`Schema.getGlobalDescribe()`: the tokens of all objects by name in any case."""
        types = (self._store.types[name] for name in self._store.types)
        return _ByName((one.name.lower(), Constant("SObjectType", one.name))
                       for one in types if not one.is_tooling)  # fmt: skip

    def _record_type(self, row: Record) -> Instance:
        values = {"getrecordtypeid": row["Id"], "getname": row["Name"], "isactive": row["IsActive"],
                  "getdevelopername": row["DeveloperName"], "isavailable": True}  # fmt: skip
        return Instance("Schema.RecordTypeInfo", values)

    def statics(self, name: str) -> Mapping[str, Callable[..., Any]]:
        """The static methods of a custom setting or custom metadata type; none of others."""
        known = self._store.find_type(name)
        if known is None:
            return {}
        if known.name.endswith("__mdt"):
            return {
                "getall": lambda: self._all(known.name, "DeveloperName"),
                "getinstance": lambda key: self._one(known.name, "DeveloperName", key),
            }
        setting = known.properties.get("customSettingsType")
        if setting == "Hierarchy":
            return {
                "getinstance": lambda owner=None: self._for(known.name, owner),
                "getorgdefaults": lambda: self._for(known.name, self._records.org.id),
                "getvalues": lambda owner: self._owned(known.name, owner),
            }
        if setting == "List":
            return {
                "getall": lambda: self._all(known.name, "Name"),
                "getinstance": lambda key: self._one(known.name, "Name", key),
                "getvalues": lambda key: self._one(known.name, "Name", key),
            }
        return {}

    def _shown(self, kind: str, row: Record) -> SObject:
        return self._records.record({"attributes": {"type": kind}, **row})

    def _all(self, kind: str, key: str) -> dict[Any, SObject]:
        return {row[key]: self._shown(kind, row) for row in self._store.peek_rows(kind)}

    def _one(self, kind: str, key: str, value: str) -> SObject | None:
        rows = self._store.find_by(kind, key, value)
        return self._shown(kind, rows[0]) if rows else None

    def _owned(self, kind: str, owner: str) -> SObject | None:
        return self._one(kind, "SetupOwnerId", owner)

    def _for(self, kind: str, owner: str | None) -> SObject:
        """The setting that applies: of the user, their profile, or the org; a new one else."""
        user = self._store.peek("User", owner or self._records.user_id) or {}
        owners = (owner or self._records.user_id, user.get("ProfileId"), self._records.org.id)
        for one in owners:
            found = self._owned(kind, str(one)) if one else None
            if found is not None:
                return found
        made = SObject(kind)
        if owner == self._records.org.id:
            made.put("SetupOwnerId", owner)
        return made


def _by(infos: list[Instance], name: str) -> dict[Any, Instance]:
    return {one.values[name]: one for one in infos}
