"""`provisioner schema` says what the reader reads, because both ask the same declarations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from provisioner.config.model import DevHub, Limits, Pool, PoolFile, ScratchApp, StepEntry
from provisioner.config.schema import schema
from provisioner.declare.keys import declared_keys
from provisioner.steps import STEPS
from tests.config.project import HUB, POOL, Project
from tests.config.test_whole_file import FULL


def objects(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every sub-schema that describes a mapping with known keys."""
    if isinstance(part, Mapping):
        if "properties" in part:
            yield part
        for value in part.values():
            yield from objects(value)
    elif isinstance(part, list):
        for value in part:
            yield from objects(value)


def fits(value: Any, part: Mapping[str, Any]) -> bool:
    """Does `value` fit the schema? Only the words that `schema()` uses are known."""
    if "$ref" in part:
        return fits(value, schema()["$defs"][part["$ref"].rpartition("/")[2]])
    if "anyOf" in part and not any(fits(value, one) for one in part["anyOf"]):
        return False
    if "oneOf" in part and sum(fits(value, one) for one in part["oneOf"]) != 1:
        return False
    if "enum" in part and value not in part["enum"]:
        return False
    of_type = TYPES.get(part.get("type", ""))
    if of_type is not None and not of_type(value, part):
        return False
    return set(part.get("required", ())) <= set(value if isinstance(value, dict) else ())


def fits_object(value: Any, part: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return False
    rest = part.get("additionalProperties", True)
    known = part.get("properties", {})
    names = part.get("propertyNames", {}).get("pattern", "")
    own = part.get("patternProperties", {})
    return all(
        fits(item, known[name])
        if name in known
        else any(re.search(pattern, name) for pattern in own)
        or (rest if isinstance(rest, bool) else bool(re.search(names, name)) and fits(item, rest))
        for name, item in value.items()
    )


def fits_array(value: Any, part: Mapping[str, Any]) -> bool:
    return (
        isinstance(value, list)
        and part.get("minItems", 0) <= len(value)
        and all(fits(item, part["items"]) for item in value)
    )


def fits_number(value: Any, part: Mapping[str, Any]) -> bool:
    is_number = isinstance(value, int if part["type"] == "integer" else int | float)
    is_number = is_number and not isinstance(value, bool)
    return is_number and part.get("minimum", value) <= value <= part.get("maximum", value)


TYPES: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "object": fits_object,
    "array": fits_array,
    "integer": fits_number,
    "number": fits_number,
    "boolean": lambda value, _part: isinstance(value, bool),
    "string": lambda value, part: (
        isinstance(value, str) and bool(re.search(part.get("pattern", ""), value))
    ),
}


def test_it_is_json_of_draft_2020_12() -> None:
    made = json.loads(json.dumps(schema()))

    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["required"] == ["dev_hub"]


def test_every_declared_key_is_in_it_and_described() -> None:
    made = list(objects(schema()))

    for cls in (PoolFile, DevHub, ScratchApp, Limits, Pool):
        names = list(declared_keys(cls))
        assert any(list(part["properties"]) == names for part in made), cls
    for part in made:
        assert part["additionalProperties"] is False
        for name, value in part["properties"].items():
            assert value["description"], name


def test_a_step_has_exactly_one_kind_of_the_registry() -> None:
    step = schema()["$defs"]["step"]

    assert step["properties"].keys() == {*STEPS, *declared_keys(StepEntry)}
    assert [one["required"] for one in step["oneOf"]] == [[kind] for kind in STEPS]


def test_defaults_are_written_as_pool_yaml_writes_them() -> None:
    pool = schema()["properties"]["pools"]["additionalProperties"]["properties"]

    assert (pool["prove_after"]["default"], pool["duration_days"]["default"]) == ("4h", 7)
    assert pool["size"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 1000}


def quoted(text: str) -> str:
    """For plain YAML a variable between braces needs quotes."""
    return re.sub(r": (\$\{\w+\})( \})", r': "\1"\2', text)


@pytest.mark.parametrize("text", [FULL, HUB, HUB + POOL], ids=["all keys", "only a hub", "a pool"])
def test_good_files_fit(text: str) -> None:
    assert fits(yaml.safe_load(quoted(text)), schema())


@pytest.mark.parametrize(
    "text",
    [
        "pools: {}\n",
        f"{HUB}colour: red\n",
        HUB.replace("hub@acme.example", "hub"),
        HUB + POOL.replace("morning", "Morning"),
        HUB + POOL.replace("size: 3", "size: 1001"),
        HUB + POOL.replace("size: 3", "size: many"),
        HUB + POOL.replace("size: 3", "sise: 3"),
        f"{HUB}{POOL}    refresh_after: 20\n",
        f"{HUB}{POOL}    refresh_after: 20 h\n",
        f"{HUB}{POOL}    steps: [{{dance: {{}}}}]\n",
        f"{HUB}{POOL}    steps: [{{name: x}}]\n",
        f"{HUB}{POOL}    steps: [{{run_apex: data/plan.json, assign_permission_sets: [A]}}]\n",
        f"{HUB}{POOL}    steps: [{{install_package: {{version: 05i000000000001}}}}]\n",
        f"{HUB}{POOL}    steps: [{{load_data: {{plan: data/plan.json, batch: 0}}}}]\n",
    ],
)
def test_the_reader_refuses_what_does_not_match_the_schema(project: Project, text: str) -> None:
    assert not fits(yaml.safe_load(text), schema())
    assert project.problems(text)


@pytest.mark.parametrize(
    "line",
    [
        "size: ${SIZE}",
        "reuse: ${REUSE}",
        "refresh_after: ${AGE}",
        "steps: [{name: x, timeout: 1h, run_apex: data/plan.json}]",
        "steps: [{assign_permission_sets: {sets: [A], name: x}}]",
    ],
)
def test_what_the_reader_accepts_matches_the_schema(project: Project, line: str) -> None:
    project.environ = {"SIZE": "4", "REUSE": "true", "AGE": "20h"}
    text = HUB + POOL.replace("size: 3", line if "size" in line else f"size: 3\n    {line}")

    assert fits(yaml.safe_load(text), schema())
    assert project.problems(text) == []


def test_users_may_put_anchors_in_their_own_keys(project: Project) -> None:
    text = f"{HUB}x-base: &base {{ size: 1 }}\n"

    assert fits(yaml.safe_load(text), schema())
    assert project.problems(text) == []
