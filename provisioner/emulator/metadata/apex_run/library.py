"""The classes and methods of Apex's library that are followed."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioner.emulator.metadata.apex_run.collection_methods import (
    BLOB,
    LIST,
    MAP,
    NUMBER,
    RECORD,
    SET,
    rounded,
)
from provisioner.emulator.metadata.apex_run.schema_methods import Schema
from provisioner.emulator.metadata.apex_run.text_methods import TEXT, TEXT_STATICS
from provisioner.emulator.metadata.apex_run.time_methods import (
    DATE,
    TIME_STATICS,
    date_statics,
    datetime_methods,
    datetime_statics,
)
from provisioner.emulator.metadata.apex_run.values import (
    ApexSet,
    Constant,
    Instance,
    NotFollowedError,
    SObject,
    ThrownError,
    null_pointer,
    text_of,
)

if TYPE_CHECKING:
    from provisioner.emulator.metadata.apex_run.records import Records

Method = Callable[..., Any]

LIMITS = {
    "callouts": 100, "cputime": 10_000, "dmlrows": 10_000, "dmlstatements": 150,
    "heapsize": 6_000_000, "queries": 100, "queryrows": 50_000,
}  # fmt: skip
"""Governor limits by the names of their getters. What a block uses is not counted.

Source: "Execution Governors and Limits" in the Apex Developer Guide.
"""


class Library:
    """Static classes by name in lower case, and the methods of values."""

    def __init__(self, records: Records) -> None:
        org = records.org
        self._records, self.schema = records, Schema(records)
        self._user = org.store.peek("User", records.user_id) or {}
        now, zone = org.now(), _zone(str(self._user.get("TimeZoneSidKey") or "UTC"))
        self._datetime = datetime_methods(zone)
        dates = date_statics(now.astimezone(zone).date())
        times = datetime_statics(now, zone)
        random = org.world.rng
        self._statics: Mapping[str, Mapping[str, Method]] = {
            "blob": {"valueof": lambda text: text.encode()},
            "boolean": {"valueof": lambda value: str(value).lower() == "true"},
            "crypto": {"getrandominteger": lambda: random.randint(-(2**31), 2**31 - 1),
                       "getrandomlong": lambda: random.randint(-(2**63), 2**63 - 1)},
            "date": dates,
            "datetime": times,
            "decimal": {"valueof": _number(float)},
            "double": {"valueof": _number(float)},
            "encodingutil": {"base64decode": base64.b64decode,
                             "base64encode": lambda blob: base64.b64encode(blob).decode()},
            "id": {"valueof": lambda text, *_flag: text},
            "integer": {"valueof": _number(lambda value: int(float(value)))},
            "long": {"valueof": _number(lambda value: int(float(value)))},
            "limits": _limits(),
            "math": {"abs": abs, "ceil": lambda n: float(math.ceil(n)), "max": max, "min": min,
                     "floor": lambda n: float(math.floor(n)), "mod": math.fmod,
                     "pow": lambda n, power: float(n**power), "random": random.random,
                     "rint": lambda n: float(round(n)), "round": rounded, "roundtolong": rounded,
                     "signum": lambda n: float((n > 0) - (n < 0)), "sqrt": math.sqrt},
            "schema": {"getglobaldescribe": self.schema.all_objects},
            "string": TEXT_STATICS,
            "system": {"currenttimemillis": lambda: int(now.timestamp() * 1000),
                       "now": lambda: now, "today": dates["today"]},
            "test": {"isrunningtest": lambda: False},
            "time": TIME_STATICS,
            "userinfo": self._user_info(),
        }  # fmt: skip

    def _user_info(self) -> Mapping[str, Method]:
        user, org = self._user, self._records.org
        values = {
            "getdefaultcurrency": "USD",
            "getfirstname": user.get("FirstName"),
            "getlanguage": user.get("LanguageLocaleKey"),
            "getlastname": user.get("LastName"),
            "getlocale": user.get("LocaleSidKey"),
            "getname": user.get("Name"),
            "getorganizationid": org.id,
            "getorganizationname": org.name,
            "getprofileid": user.get("ProfileId"),
            "getuseremail": user.get("Email"),
            "getuserid": self._records.user_id,
            "getusername": user.get("Username"),
            "getuserroleid": user.get("UserRoleId"),
            "getusertype": user.get("UserType"),
        }
        return {name: (lambda value=value: value) for name, value in values.items()}

    def static(self, class_name: str, method: str, arguments: list[Any]) -> Any:
        """`Class.method(…)`. Raises NotFollowedError for any other."""
        name = class_name.lower().removeprefix("system.")
        found = self._statics.get(name, {}).get(method.lower())
        if found is None:
            found = self.schema.statics(name.removeprefix("schema.")).get(method.lower())
        if name == "math" and method.lower() == "mod" and found is not None:
            arguments = list(arguments)
            are_integers = all(isinstance(one, int) for one in arguments)
            found = (lambda a, b: int(math.fmod(a, b))) if are_integers else found
        if found is None:
            raise NotFollowedError(f"the method {class_name}.{method}")
        return _called(found, f"{class_name}.{method}", arguments)

    def method(self, value: Any, name: str, arguments: list[Any]) -> Any:
        """`value.method(…)`."""
        if value is None:
            raise null_pointer()
        if isinstance(value, Instance):
            return self._of_instance(value, name)
        if isinstance(value, Constant):
            return self._of_constant(value, name.lower())
        found = self._methods(value).get(name.lower())
        if found is None:
            raise NotFollowedError(f"the method {name} of {_kind(value)}")
        return _called(found, name, [value, *arguments])

    def _methods(self, value: Any) -> Mapping[str, Method]:
        for kind, methods in (
            (str, TEXT), (SObject, RECORD), (list, LIST), (ApexSet, SET), (dict, MAP),
            (datetime, self._datetime), (date, DATE), (bool, {}), (int | float, NUMBER),
            (bytes, BLOB),
        ):  # fmt: skip
            if isinstance(value, kind):
                return methods
        return {}

    def _of_instance(self, value: Instance, name: str) -> Any:
        if name.lower() not in value.values:
            raise NotFollowedError(f"the method {name} of {value.type}")
        return value.values[name.lower()]

    def _of_constant(self, value: Constant, name: str) -> Any:
        if name in ("name", "tostring", "getname"):
            return value.name
        if value.type == "SObjectType" and name == "getdescribe":
            return self.schema.describe(value.name)
        if value.type == "SObjectType" and name == "newsobject":
            return SObject(value.name)
        raise NotFollowedError(f"the method {name} of {value.type}")


def _called(method: Method, name: str, arguments: list[Any]) -> Any:
    """Call it; a null or a type that it does not take is an exception, or not followed."""
    try:
        return method(*arguments)
    except (AttributeError, TypeError, KeyError, IndexError, UnicodeError) as error:
        if any(one is None for one in arguments):
            raise null_pointer() from error
        raise NotFollowedError(f"the method {name} with these arguments") from error
    except (ValueError, OverflowError) as error:
        raise NotFollowedError(f"the method {name} with these arguments") from error


def _limits() -> Mapping[str, Method]:
    most = {f"getlimit{name}": (lambda limit=limit: limit) for name, limit in LIMITS.items()}
    return {**most, **{f"get{name}": lambda: 0 for name in LIMITS}}


def _number(convert: Callable[[Any], Any]) -> Method:
    def value_of(value: Any) -> Any:
        try:
            return convert(value)
        except ValueError:
            text = f"Invalid number: {text_of(value)}"
            raise ThrownError("System.TypeException", text) from None

    return value_of


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _kind(value: Any) -> str:
    return value.type if isinstance(value, SObject) else type(value).__name__
