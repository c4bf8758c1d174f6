"""From YAML nodes to the frozen dataclasses that declare their keys, collecting all problems."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioner.config.checks import convert, file_problem, nearest
from provisioner.config.document import Mappings, Problems, Spot, foreign_tag, is_null
from provisioner.config.scalars import Text, VariableError, expand
from provisioner.declare.keys import Key, declared_keys, without_none
from provisioner.declare.options import Finding, Option
from provisioner.declare.secret import Secret


class _Invalid:
    """What stands for a value with a problem that has been reported."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Any = _Invalid()
Special = Callable[[Spot], Any]


class Reader:
    """Reads spots of one document. `special` holds the readers of types with rules of their own."""

    def __init__(self, problems: Problems, *, environ: Mapping[str, str], directory: Path) -> None:
        self.problems = problems
        self.environ = environ
        self.directory = directory
        self.special: dict[type, Special] = {}
        self.secret_variables: frozenset[str] = frozenset()
        self.needs_file: Callable[[Spot], bool] = lambda _spot: True
        self._mappings = Mappings(problems)

    def entries(self, spot: Spot) -> dict[str, Spot] | None:
        """The keys of the mapping at `spot`; None, with a problem, when it is none."""
        if is_null(spot.node):
            return {}
        if not isinstance(spot.node, MappingNode):
            self.report(spot, f"is {kind_of(spot.node)}; write keys with values")
            return None
        found = self._mappings.entries(spot.node, spot.path)
        return {name: spot.below(name, value, key) for name, (key, value) in found.items()}

    def instance(self, cls: type, spot: Spot, given: Mapping[str, Any] | None = None) -> Any:
        """An instance of `cls` from the mapping (or shorthand) at `spot`, else INVALID."""
        entries = self.mapping_or_shorthand(cls, spot)
        if entries is None:
            return INVALID
        values = self.fields(cls, spot, entries)
        known = declared_keys(cls)
        for name in entries.keys() - known.keys():
            self.unknown_key(entries[name], name, known)
        return self.build(cls, spot, entries, values, given or {})

    def mapping_or_shorthand(self, cls: type, spot: Spot) -> dict[str, Spot] | None:
        """The keys at `spot`; a scalar or list is the value of the shorthand of `cls`."""
        shorthand = getattr(cls, "shorthand", "")
        if shorthand and not isinstance(spot.node, MappingNode) and not is_null(spot.node):
            return {shorthand: Spot(spot.node, spot.path, spot.key)}
        return self.entries(spot)

    def build(
        self,
        cls: type,
        spot: Spot,
        entries: Mapping[str, Spot],
        values: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> Any:
        """The instance when every value is good; then its own `check` is asked."""
        if any(value is INVALID for value in values.values()):
            return INVALID
        made = cls(**values, **given)
        check = getattr(made, "check", None)
        self.report_findings(check(self.directory) if check else (), spot, entries)
        return made

    def report_findings(
        self, findings: Iterable[Finding], spot: Spot, entries: Mapping[str, Spot]
    ) -> None:
        """Add a problem for each finding, at the field that it names."""
        for finding in findings:
            found = self._locate(spot, entries, finding.field)
            self.report(found, finding.message, is_warning=finding.is_warning)

    def fields(self, cls: type, spot: Spot, entries: Mapping[str, Spot]) -> dict[str, Any]:
        """The values of the keys that `cls` declares and `entries` hold."""
        values: dict[str, Any] = {}
        for key in declared_keys(cls).values():
            found = entries.get(key.name)
            value = self._field(key, found) if found is not None else self._absent(key, spot)
            if value is not dataclasses.MISSING:
                values[key.name] = value
        return values

    def unknown_key(self, spot: Spot, name: str, known: Iterable[str]) -> None:
        """Report the key `name`, with the nearest that is known."""
        near = nearest(name, known)
        advice = f"did you mean {near}?" if near else f"known here: {', '.join(sorted(known))}"
        self.report_key(spot, f"unknown key; {advice}")

    def report_key(self, spot: Spot, message: str) -> None:
        """Add a problem at the key of `spot`."""
        self.problems.add(spot.key or spot.node, spot.path, message)

    def report(self, spot: Spot, message: str, *, is_warning: bool = False) -> None:
        """Add a problem at the value of `spot`."""
        self.problems.add(spot.node, spot.path, message, is_warning=is_warning)

    def value(self, hint: Any, option: Option, spot: Spot) -> Any:
        """The value at `spot` as `hint` wants it, else INVALID with a problem."""
        tag = foreign_tag(spot.node)
        if tag:
            self.report(spot, f"the tag {tag} is not supported; write the plain value")
            return INVALID
        hint = without_none(hint)
        if get_origin(hint) is tuple:
            return self._items(get_args(hint)[0], option, spot)
        if get_origin(hint) is Mapping:
            return self._named(get_args(hint)[1], option, spot)
        if hint in self.special:
            return self.special[hint](spot)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.instance(hint, spot)
        return self._scalar(hint, option, spot)

    def _field(self, key: Key, spot: Spot) -> Any:
        if is_null(spot.node) and not key.is_required:
            if type(None) in get_args(key.hint):
                return None
            if get_origin(key.hint) in (tuple, Mapping):
                return dataclasses.MISSING  # `steps:` with every step commented out
        return self.value(key.hint, key.option, spot)

    def _absent(self, key: Key, spot: Spot) -> Any:
        variable = key.option.variable
        if variable and self.environ.get(variable):
            text = Text(self.environ[variable], "", variables=(variable,))
            return self._convert(without_none(key.hint), key.option, text, spot)
        if not key.is_required:
            return dataclasses.MISSING
        example = "…" if key.option.example is None else key.option.example
        self.report_key(spot, f"the key {key.name} is missing; write {key.name}: {example}")
        return INVALID

    def _items(self, hint: Any, option: Option, spot: Spot) -> Any:
        if not isinstance(spot.node, SequenceNode):
            self.report(spot, f"is {kind_of(spot.node)}; write a list: [A, B], or lines of - A")
            return INVALID
        items = spot.node.value
        low, high = option.minimum, option.maximum
        of_items = dataclasses.replace(option, minimum=None, maximum=None)
        values = tuple(
            self.value(hint, of_items, spot.below(index, item)) for index, item in enumerate(items)
        )
        if (low is not None and len(items) < low) or (high is not None and len(items) > high):
            wanted = f"at least {low:g}" if low is not None and len(items) < low else f"{high:g}"
            self.report(spot, f"the list has {len(items)} entries; write {wanted}")
            return INVALID
        return INVALID if INVALID in values else values

    def _named(self, hint: Any, option: Option, spot: Spot) -> Any:
        entries = self.entries(spot)
        if entries is None:
            return INVALID
        of_values = dataclasses.replace(option, pattern=None)
        values = {name: self.value(hint, of_values, found) for name, found in entries.items()}
        for name, found in entries.items():
            if option.pattern and not option.pattern.fullmatch(name):
                self.report_key(found, f"{name[:40]!r} does not fit; write {option.expects}")
        return INVALID if INVALID in values.values() else values

    def _scalar(self, hint: Any, option: Option, spot: Spot) -> Any:
        node = spot.node
        if not isinstance(node, ScalarNode):
            self.report(spot, f"is {kind_of(node)}; write a single value")
            return INVALID
        if is_null(node):
            wanted = option.expects or "a value"
            self.report(spot, f"has no value; write {wanted}, or remove the key")
            return INVALID
        try:
            text = expand(node.value, self.environ, is_plain=not node.style)
        except VariableError as error:
            self.report(spot, str(error))
            return INVALID
        return self._convert(hint, option, text, spot)

    def _convert(self, hint: Any, option: Option, text: Text, spot: Spot) -> Any:
        try:
            value = convert(hint, option, text)
        except ValueError as error:
            self.report(spot, str(error))
            return INVALID
        if isinstance(value, Path) and option.path and self.needs_file(spot):
            wrong = file_problem(value, option.path, self.directory, text)
            if wrong:
                self.report(spot, wrong)
                return INVALID
        if isinstance(value, Secret) and not text.variables:
            message = "a secret stands in clear in this file; write ${NAME} and set the variable"
            self.report(spot, message, is_warning=True)
        return value

    def _locate(self, spot: Spot, entries: Mapping[str, Spot], field: str) -> Spot:
        """The spot of a finding: the field's, an item's in it, or else the whole's."""
        name, *rest = field.split(".") if field else [""]
        found = entries.get(name)
        if found is None:
            return Spot(spot.key or spot.node, f"{spot.path}.{name}" if name else spot.path)
        for part in rest:
            child = self._child(found, part)
            if child is None:
                return Spot(found.node, f"{found.path}.{part}")
            found = child
        return found

    def _child(self, spot: Spot, part: str) -> Spot | None:
        if isinstance(spot.node, SequenceNode):
            is_index = part.isdigit() and int(part) < len(spot.node.value)
            return spot.below(part, spot.node.value[int(part)]) if is_index else None
        if isinstance(spot.node, MappingNode):
            return (self.entries(spot) or {}).get(part)
        return None


def kind_of(node: Node) -> str:
    """What a node is, for people."""
    if isinstance(node, SequenceNode):
        return "a list"
    return "a mapping" if isinstance(node, MappingNode) else "a single value"
