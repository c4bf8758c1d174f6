"""Converts YAML nodes to the dataclasses that declare their keys, and collects all problems."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.config.checks import convert, file_problem, nearest
from provisioner.config.document import Location, Mappings, Problems, foreign_tag, is_null
from provisioner.config.plain_secrets import PLAIN_SECRET
from provisioner.config.scalars import Text, VariableError, expand
from provisioner.declare.keys import Key, declared_keys, without_none
from provisioner.declare.options import Finding, Option
from provisioner.declare.secret import Secret


class _Invalid:
    """The type of INVALID, which replaces a value whose problem has been reported."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Any = _Invalid()
Special = Callable[[Location], Any]


class Reader:
    """Reads values of one document. `special` holds the readers of types with their own rules."""

    def __init__(self, problems: Problems, *, environ: Mapping[str, str], directory: Path) -> None:
        self.problems = problems
        self.environ = environ
        self.directory = directory
        self.special: dict[type, Special] = {}
        self.secret_variables: frozenset[str] = frozenset()
        self.refuses_secrets = False
        self.shares_checks = False
        self._known: list[tuple[Any, Sequence[Finding]]] = []
        self.needs_file: Callable[[Location], bool] = lambda _location: True
        self._mappings = Mappings(problems)

    def entries(self, location: Location) -> dict[str, Location] | None:
        """The keys of the mapping at `location`; None, and a problem, if it is not a mapping."""
        if is_null(location.node):
            return {}
        if not isinstance(location.node, MappingNode):
            self.report(location, f"is {kind_of(location.node)}; write keys with values")
            return None
        found = self._mappings.entries(location.node, location.path)
        return {name: location.below(name, value, key) for name, (key, value) in found.items()}

    def instance(
        self, cls: type, location: Location, given: Mapping[str, Any] | None = None
    ) -> Any:
        """An instance of `cls` from the mapping (or shorthand) at `location`, else INVALID."""
        entries = self.mapping_or_shorthand(cls, location)
        if entries is None:
            return INVALID
        values = self.fields(cls, location, entries)
        self.unknown_keys(cls, entries)
        return self.build(cls, location, entries, values, given or {})

    def unknown_keys(self, cls: type, entries: Mapping[str, Location]) -> None:
        """Report the keys that `cls` does not declare."""
        known = declared_keys(cls)
        for name in entries.keys() - known.keys():
            self.unknown_key(entries[name], name, known)

    def mapping_or_shorthand(self, cls: type, location: Location) -> dict[str, Location] | None:
        """The keys at `location`. A scalar or list is the value of the shorthand key of `cls`."""
        shorthand = getattr(cls, "shorthand", "")
        if shorthand and not isinstance(location.node, MappingNode) and not is_null(location.node):
            return {shorthand: Location(location.node, location.path, location.key)}
        return self.entries(location)

    def build(
        self,
        cls: type,
        location: Location,
        entries: Mapping[str, Location],
        values: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> Any:
        """The instance, after its own `check`; INVALID if one of the values is."""
        if any(value is INVALID for value in values.values()):
            return INVALID
        made, findings = self._checked(cls(**values, **given))
        self.report_findings(findings, location, entries)
        return made

    def _checked(self, made: Any) -> tuple[Any, Sequence[Finding]]:
        """The instance and the findings of its `check`; with `shares_checks` those of an equal one.

        So the source that several pools deploy is read once. A build must not share: its pools read
        their files one after the other, and each org has to match its fingerprint.
        """
        for known, found in self._known if self.shares_checks else ():
            if type(known) is type(made) and known == made:
                return known, found
        check = getattr(made, "check", None)
        findings = list(check(self.directory)) if check else []
        self._known.append((made, findings))
        return made, findings

    def report_findings(
        self, findings: Iterable[Finding], location: Location, entries: Mapping[str, Location]
    ) -> None:
        """Add a problem for each finding, at the field that it names."""
        for finding in findings:
            found = self._locate(location, entries, finding.field)
            self.report(found, finding.message, is_warning=finding.is_warning)

    def fields(
        self, cls: type, location: Location, entries: Mapping[str, Location]
    ) -> dict[str, Any]:
        """The values of the keys that `cls` declares, from `entries` or by default."""
        values: dict[str, Any] = {}
        for key in declared_keys(cls).values():
            found = entries.get(key.name)
            value = self._field(key, found) if found is not None else self._absent(key, location)
            if value is not dataclasses.MISSING:
                values[key.name] = value
        return values

    def unknown_key(self, location: Location, name: str, known: Iterable[str]) -> None:
        """Report the unknown key `name`, with the most similar known key."""
        near = nearest(name, known)
        advice = f"did you mean {near}?" if near else f"known keys: {', '.join(sorted(known))}"
        self.report_key(location, f"unknown key; {advice}")

    def report_key(self, location: Location, message: str) -> None:
        """Add a problem at the key of `location`."""
        self.problems.add(location.key or location.node, location.path, message)

    def report(self, location: Location, message: str, *, is_warning: bool = False) -> None:
        """Add a problem at the value of `location`."""
        self.problems.add(location.node, location.path, message, is_warning=is_warning)

    def value(self, hint: Any, option: Option, location: Location) -> Any:
        """The value at `location` in the type `hint`; INVALID, and a problem, if it is not one."""
        tag = foreign_tag(location.node)
        if tag:
            self.report(location, f"the tag {tag} is not supported; write the plain value")
            return INVALID
        hint = without_none(hint)
        if get_origin(hint) is tuple:
            return self._items(get_args(hint)[0], option, location)
        if get_origin(hint) is Mapping:
            return self._named(get_args(hint)[1], option, location)
        if hint in self.special:
            return self.special[hint](location)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.instance(hint, location)
        return self._scalar(hint, option, location)

    def _field(self, key: Key, location: Location) -> Any:
        if is_null(location.node) and not key.is_required:
            if type(None) in get_args(key.hint):
                return None
            if get_origin(key.hint) in (tuple, Mapping):
                return dataclasses.MISSING  # `steps:` with every step commented out
        return self.value(key.hint, key.option, location)

    def _absent(self, key: Key, location: Location) -> Any:
        variable = key.option.variable
        if variable and self.environ.get(variable):
            text = Text(self.environ[variable], "", variables=(variable,))
            return self._convert(without_none(key.hint), key.option, text, location)
        if not key.is_required:
            return dataclasses.MISSING
        example = _as_yaml(key.option.example)
        self.report_key(location, f"the key {key.name} is missing; write {key.name}: {example}")
        return INVALID

    def _items(self, hint: Any, option: Option, location: Location) -> Any:
        if option.is_single and isinstance(location.node, ScalarNode):
            value = self.value(hint, option, location)
            return INVALID if value is INVALID else (value,)
        if not isinstance(location.node, SequenceNode):
            self.report(
                location, f"is {kind_of(location.node)}; write a list: [A, B], or lines of `- A`"
            )
            return INVALID
        items = location.node.value
        low, high = option.minimum, option.maximum
        of_items = dataclasses.replace(option, minimum=None, maximum=None)
        values = tuple(
            self.value(hint, of_items, location.below(index, item))
            for index, item in enumerate(items)
        )
        if (low is not None and len(items) < low) or (high is not None and len(items) > high):
            wanted = f"at least {low:g}" if low is not None and len(items) < low else f"{high:g}"
            self.report(location, f"the list has {len(items)} entries; write {wanted}")
            return INVALID
        return INVALID if INVALID in values else values

    def _named(self, hint: Any, option: Option, location: Location) -> Any:
        entries = self.entries(location)
        if entries is None:
            return INVALID
        of_values = dataclasses.replace(option, pattern=None)
        values = {name: self.value(hint, of_values, found) for name, found in entries.items()}
        for name, found in entries.items():
            if option.pattern and not option.pattern.fullmatch(name):
                self.report_key(found, f"{name[:40]!r} is not valid; write {option.expects}")
        return INVALID if INVALID in values.values() else values

    def _scalar(self, hint: Any, option: Option, location: Location) -> Any:
        node = location.node
        if not isinstance(node, ScalarNode):
            self.report(location, f"is {kind_of(node)}; write a single value")
            return INVALID
        if is_null(node):
            wanted = option.expects or "a value"
            self.report(location, f"has no value; write {wanted}, or remove the key")
            return INVALID
        try:
            text = expand(node.value, self.environ, is_plain=not node.style)
        except VariableError as error:
            self.report(location, str(error))
            return INVALID
        return self._convert(hint, option, text, location)

    def _convert(self, hint: Any, option: Option, text: Text, location: Location) -> Any:
        try:
            value = convert(hint, option, text)
        except ValueError as error:
            self.report(location, str(error))
            return INVALID
        if isinstance(value, Path) and option.path and self.needs_file(location):
            wrong = file_problem(value, option.path, self.directory, text)
            if wrong:
                self.report(location, wrong)
                return INVALID
        if isinstance(value, Secret) and not text.variables:
            self.report(location, PLAIN_SECRET, is_warning=not self.refuses_secrets)
        return value

    def _locate(self, location: Location, entries: Mapping[str, Location], field: str) -> Location:
        """The location of a finding: its field or item, or else the whole value."""
        name, *rest = field.split(".") if field else [""]
        found = entries.get(name)
        if found is None:
            return Location(
                location.key or location.node, f"{location.path}.{name}" if name else location.path
            )
        for part in rest:
            child = self._child(found, part)
            if child is None and isinstance(found.node, SequenceNode) and not part.isdigit():
                continue  # the list is the value of the shorthand key `part`
            if child is None:
                return Location(found.node, f"{found.path}.{part}")
            found = child
        return found

    def _child(self, location: Location, part: str) -> Location | None:
        if isinstance(location.node, SequenceNode):
            is_index = part.isdigit() and int(part) < len(location.node.value)
            return location.below(part, location.node.value[int(part)]) if is_index else None
        if isinstance(location.node, MappingNode):
            return (self.entries(location) or {}).get(part)
        return None


def kind_of(node: Node) -> str:
    """The kind of a node, for messages."""
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else "a single value"


def _as_yaml(example: Any) -> str:
    """The example of an option as it is written in pool.yaml; `…` if there is none."""
    if isinstance(example, tuple):
        return f"[{', '.join(example)}]"
    return "…" if example is None else str(example)
