"""The records that a Snowfakery recipe generates, as a data plan: in memory, not on disk.

References between generated records are kept as references of the plan, so its order and its
exactness hold for them, too. Source: docs/reference/data.md#snowfakery.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provisioner import children
from provisioner.input_file import DATA, SETTINGS, read_input
from provisioner.input_json import JsonProblem, parse_json
from provisioner.salesforce.describe import FieldInfo
from provisioner.steps.data_chunks import DataLoad, load_of
from provisioner.steps.data_plan import Plan, PlannedFile, PlannedRecord

PACKAGE = "snowfakery"
INSTALL = "install the library: pip install 'provisioner[snowfakery]'"
TIMEOUT = 600.0  # seconds for one generation

_NAMED_FILES = re.compile(r"[\w./-]+\.(?:ya?ml|csv|json|txt|db|py)\b")
_ASKS_AN_ORG = ("Orgname is not specified", "No module named 'cumulusci'")
_UPDATE_KEY = "_sf_update_key"
_API_NAME = re.compile(r"[A-Za-z]\w*")
_RECORD_TYPE_ID = re.compile(r"012\w{12}(?:\w{3})?")
_LOCATION = re.compile(r"[\s;]*near (\S+:\d+)\s*$")
_TEXTS = frozenset(
    {"string", "textarea", "phone", "picklist", "multipicklist", "email", "url", "combobox",
     "encryptedstring", "id"}
)  # fmt: skip


class GenerationError(ValueError):
    """The recipe generates no data; the text says why."""


def is_installed() -> bool:
    """Whether the library can be imported."""
    return find_spec(PACKAGE) is not None


def generated(recipe: Path, seed: int, secret_variables: Collection[str] = ()) -> dict[str, Any]:
    """Run the recipe in a child process. Raises GenerationError, OSError."""
    if not is_installed():
        raise GenerationError(f"Snowfakery is not installed; {INSTALL}")
    environ = children.environment(os.environ, secret_variables)
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:
        out = Path(folder) / "data.json"
        module = "provisioner.steps.snowfakery_child"
        command = [sys.executable, "-P", "-m", module, str(recipe), str(seed), str(out)]
        try:
            code, output = children.run(command, environ, timeout=TIMEOUT, with_errors=True)
        except TimeoutError:
            raise GenerationError(f"not finished after {TIMEOUT / 60:g} minutes") from None
        if code < 0:
            raise GenerationError(f"ended by signal {-code}; it may need too much memory")
        if code != 0 or not out.exists():
            raise GenerationError(_reason(output, recipe))
        try:
            found = parse_json(read_input(out, DATA).decode())
        except JsonProblem as problem:
            raise GenerationError(f"the data is not valid: {problem.message}") from None
    if not found["rows"]:
        raise GenerationError("the recipe generates no records")
    if not_loaded := "; ".join(_not_loaded(found)):
        raise GenerationError(not_loaded)
    made: dict[str, Any] = found
    return made


def _not_loaded(found: Mapping[str, Any]) -> Iterator[str]:
    """What the recipe says and a load by CumulusCI would follow, but ours does not."""
    upserts = sorted({each["_table"] for each in found["rows"] if _UPDATE_KEY in each})
    if upserts:
        yield f"update_key is not supported; remove it from {', '.join(upserts)}"
    for each in found["tables"]:
        if not _API_NAME.fullmatch(each["object"]):
            yield f"{each['object']!r} is not the API name of an object"
        if each["object"] == "User":
            yield "users are not loaded; write the step create_users"


def _reason(output: str, recipe: Path) -> str:
    """The library's message on one line, with the location as in all our messages."""
    lines = [line.strip() for line in output.strip().splitlines() if line.strip()]
    text = " ".join(lines) or "the recipe failed without a message"
    if any(each in text for each in _ASKS_AN_ORG):
        text = (
            "the recipe queries an org (SalesforceQuery or SOQLDataset), which is not supported: "
            f"{text}"
        )
    location = _LOCATION.search(text)
    if location:
        text = f"{location[1].rpartition('/')[2]}: {text[: location.start()]}"
    return text.replace(f"{recipe.parent}/", "")[:2000]


def input_files(recipe: Path) -> Iterator[bytes]:
    """The recipe, and each file that it or an included one names. Raises OSError."""
    seen: set[Path] = set()
    left = [recipe]
    while left:
        path = left.pop()
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        content = read_input(path, SETTINGS if path == recipe else DATA)
        yield content
        if path.suffix in (".yml", ".yaml"):
            names = sorted(set(_NAMED_FILES.findall(content.decode("utf-8", "replace"))))
            left += [path.parent / name for name in names if (path.parent / name).is_file()]


def data_load(found: Mapping[str, Any], fields: Mapping[str, Mapping[str, FieldInfo]]) -> DataLoad:
    """The requests for the generated records. `fields` are those of each object in the org.

    Raises PlanError when they cannot be loaded in any order.
    """
    tables = {each["table"]: each for each in found["tables"]}
    records: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    for each in found["rows"]:
        table = tables[each["_table"]]
        records[each["_table"]].append(_record(each, table, fields.get(table["object"], {})))
    files = [
        PlannedFile(
            tables[name]["object"],
            name,
            tuple(PlannedRecord(name, at, body) for at, body in enumerate(bodies, 1)),
        )
        for name, bodies in records.items()
    ]
    texts = {name: json.dumps({"records": bodies}) for name, bodies in records.items()}
    content = json.dumps(found["rows"], sort_keys=True).encode()
    return load_of(Plan(files, [content], texts))


def _record(
    values: Mapping[str, Any], table: Mapping[str, Any], fields: Mapping[str, FieldInfo]
) -> dict[str, Any]:
    """A record of a plan: ids of generated records as references, other values as the field has."""
    reference = f"{values['_table']}_{values['id']}"
    body: dict[str, Any] = {"attributes": {"type": table["object"], "referenceId": reference}}
    for name, value in values.items():
        if name in ("_table", "id") or value is None:
            continue
        if name in table["lookups"]:
            body[name] = f"@{table['lookups'][name]}_{value}"
        elif _is_record_type(name) and not _RECORD_TYPE_ID.fullmatch(str(value)):
            body["RecordType"] = {"Name": str(value)}
        else:
            body[name] = _value(value, fields.get(name.lower()))
    return body


def _is_record_type(name: str) -> bool:
    """Whether CumulusCI takes a field for the record type, such as record_type."""
    return name.lower().replace("_", "") in ("recordtype", "recordtypeid")


def _value(value: Any, field: FieldInfo | None) -> Any:
    """A generated value in the type of its field: `5` for a text, `…T…` for a time."""
    kind = field.type if field else ""
    if kind in _TEXTS and isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "datetime" and isinstance(value, str):
        return value.replace(" ", "T", 1)
    return value
