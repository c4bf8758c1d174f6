"""Which Apex tests a request asks for: by ids, names, suites, methods or test level.

Source: "REST Resources: runTestsAsynchronous, runTestsSynchronous" in the Tooling API reference.
The refusals are those that forcedotcom/salesforcedx-apex#155, #210 and
RoseSilverSoftware/IlluminatedCloud#1752 show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.ids import same_id, to_18
from provisioner.emulator.metadata import flow_tests
from provisioner.emulator.metadata.apex_tests import test_classes, test_methods
from provisioner.emulator.metadata.kinds.test_suites import MEMBERSHIP, SUITE
from provisioner.emulator.metadata.state import StoredComponent

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_ALL = {"runlocaltests": False, "runalltestsinorg": True}  # level → with installed packages


_CATEGORIES = frozenset({"apex", "flow"})
_CATEGORIES_SINCE = 65
"""Before, runs have Apex tests only (a comment in the tests "logic" of plugin-apex)."""


@dataclass(frozen=True)
class Chosen:
    """A class or a flow, and those of its tests that are to run."""

    test_class: StoredComponent
    methods: tuple[str, ...]

    @property
    def is_flow(self) -> bool:
        """Whether the tests are those of a flow."""
        return self.test_class.type == "Flow"

    @property
    def name(self) -> str:
        """The name of the class; of a flow, that by which requests name it."""
        return (flow_tests.PREFIX if self.is_flow else "") + self.test_class.full_name


def choose(org: EmulatedOrg, body: Any, version: str = "") -> list[Chosen]:
    """The tests that a request names, each class once. Raises ApiError INVALID_INPUT.

    Without categories, a test level means the tests of classes, and since version 65.0 of flows.
    """
    if isinstance(body, list):
        body = {"tests": body}
    named = body if isinstance(body, dict) else {}
    given = {name.lower(): value for name, value in named.items()}
    if isinstance(given.get("tests"), list) and given["tests"]:
        return list(_of_tests(org, given["tests"]))
    names = [*_listed(given, "classids"), *_listed(given, "classnames")]
    suites = [*_listed(given, "suiteids"), *_listed(given, "suitenames")]
    if names or suites:
        found = [_class_named(org, name) for name in names]
        found += [one for suite in suites for one in _members(org, suite)]
        return [_whole(org, one) for one in {one.id: one for one in found}.values()]
    level = str(given.get("testlevel") or "").lower()
    if level not in _ALL:
        raise _invalid("Always provide a classes, suites, tests, or testLevel property.")
    own, categories = org.namespace or None, _categories(given, version)
    every = test_classes(org) if "apex" in categories else []
    every += flow_tests.tested_flows(org) if "flow" in categories else []
    return [_whole(org, one) for one in every if _ALL[level] or one.namespace in (None, own)]


def _categories(given: Mapping[str, Any], version: str) -> frozenset[str]:
    wanted = frozenset(one.lower() for one in _listed(given, "category"))
    if not wanted <= _CATEGORIES:
        raise _invalid(f"This category's value is invalid: {', '.join(sorted(wanted))}.")
    is_old = version and float(version) < _CATEGORIES_SINCE
    return wanted or (frozenset({"apex"}) if is_old else _CATEGORIES)


def _of_tests(org: EmulatedOrg, tests: Iterable[Any]) -> Iterator[Chosen]:
    """`[{"classId" or "className", "namespace", "testMethods"}]`."""
    seen = set[str]()
    for one in tests:
        if not isinstance(one, Mapping):
            raise _invalid("Each test must be an object with classId or className.")
        name = str(one.get("classId") or one.get("className") or "")
        found = _class_named(org, name, str(one.get("namespace") or ""))
        if found.id in seen:
            raise _invalid(f"Include the class name {found.full_name} only once.")
        seen.add(found.id)
        yield _with_methods(org, found, one.get("testMethods"))


def _with_methods(org: EmulatedOrg, found: StoredComponent, wanted: Any) -> Chosen:
    if not wanted:
        return _whole(org, found)
    known = {name.lower(): name for name in _methods(org, found)}
    wanted = wanted if isinstance(wanted, list) else [wanted]
    unknown = [str(name) for name in wanted if str(name).lower() not in known]
    if unknown:
        raise _invalid(
            f"This test method's value is invalid: {unknown[0]}. Provide the name of a test "
            f"method of the Apex class {found.full_name}."
        )
    return Chosen(found, tuple(known[str(name).lower()] for name in wanted))


def _whole(org: EmulatedOrg, test_class: StoredComponent) -> Chosen:
    return Chosen(test_class, tuple(_methods(org, test_class)))


def _methods(org: EmulatedOrg, found: StoredComponent) -> list[str]:
    return flow_tests.tests_of(org, found) if found.type == "Flow" else test_methods(found)


def _class_named(org: EmulatedOrg, name: str, namespace: str = "") -> StoredComponent:
    """The test class of an id or of a name, which may begin with a namespace; or a flow."""
    if name.lower().startswith(flow_tests.PREFIX.lower()):
        return _flow_named(org, name)
    prefix, _, own_name = name.strip().rpartition(".")
    wanted = (namespace or prefix or org.namespace or "").lower()
    for one in test_classes(org):
        is_named = one.full_name.lower() == own_name.lower()
        if same_id(one.id, name.strip()) or (
            is_named and (one.namespace or org.namespace or "").lower() == wanted
        ):
            return one
    raise _invalid(
        f"This class name's value is invalid: {name}. Provide the name of an Apex class that has "
        "test methods."
    )


def _flow_named(org: EmulatedOrg, name: str) -> StoredComponent:
    wanted = name.lower().removeprefix(flow_tests.PREFIX.lower())
    for one in flow_tests.tested_flows(org):
        if one.full_name.lower() == wanted:
            return one
    raise _invalid(f"This class name's value is invalid: {name}.")


def _members(org: EmulatedOrg, suite: str) -> list[StoredComponent]:
    """The test classes of a suite, by its id or name."""
    name = suite.strip().lower()
    found = next(
        (
            row["Id"]
            for row in org.store.peek_rows(SUITE)
            if row["TestSuiteName"].lower() == name or row["Id"] == to_18(suite.strip())
        ),
        None,
    )
    if found is None:
        raise _invalid(f"This test suite's value is invalid: {suite}.")
    members = {
        row["ApexClassId"] for row in org.store.find_by(MEMBERSHIP, "ApexTestSuiteId", found)
    }
    return [one for one in test_classes(org) if one.id in members]


def _listed(given: Mapping[str, Any], name: str) -> list[str]:
    """A list, or the parts of a text with commas."""
    value = given.get(name) or []
    parts = value if isinstance(value, list) else str(value).split(",")
    return [str(one).strip() for one in parts if str(one).strip()]


def _invalid(message: str) -> ApiError:
    return ApiError(403, "INVALID_INPUT", message)
