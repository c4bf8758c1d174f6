"""Reads the entries under `steps`: one kind with its options, and the keys of any step."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from yaml.nodes import ScalarNode

from provisioner.config.checks import nearest
from provisioner.config.document import Location, is_null
from provisioner.config.model import StepEntry
from provisioner.config.reader import INVALID, Reader
from provisioner.config.reserved import RESERVED_OPTIONS, RESERVED_STEP_KEYS, RESERVED_STEPS
from provisioner.config.snapshot_marker import KIND as MARKER
from provisioner.declare.keys import declared_keys
from provisioner.errors import UsageError
from provisioner.steps import conflict

StepClass = Callable[[str], type]


class StepEntries:
    """The reader of StepEntry. `kinds` are those of the registry, `step_class` gives the class."""

    def __init__(self, reader: Reader, kinds: Mapping[str, Any], step_class: StepClass) -> None:
        self._reader = reader
        self._kinds = kinds
        self._step_class = step_class

    def __call__(self, location: Location) -> Any:
        """A StepEntry, or INVALID with its problems reported."""
        kind = self._bare_kind(location)
        if kind:
            self._reader.report(location, self._without_options(kind))
            return INVALID
        entries = self._reader.entries(location)
        if entries is None:
            return INVALID
        kinds = [name for name in entries if name in self._kinds]
        if any(self._is_broken(kind, entries[kind]) for kind in kinds):
            return INVALID
        self._refuse_unknown(entries, kinds)
        if len(kinds) > 1:
            message = f"an entry must have one kind; write {kinds[1]} as a separate entry"
            self._reader.report_key(entries[kinds[1]], message)
        if not kinds:
            self._no_kind(location, entries)
        return self._entry(location, entries, kinds[0]) if len(kinds) == 1 else INVALID

    def _without_options(self, kind: str) -> str:
        """The problem of an entry that consists of a kind; a marker needs no options."""
        if kind == MARKER:
            return f"{kind} alone is a text; write {kind}: {{}}"
        return f"the step {kind} has no options; write {kind}: and its options below"

    def _is_broken(self, kind: str, location: Location) -> bool:
        """Whether a kind cannot be used because of another distribution, which is reported."""
        message = ""
        if other := conflict(kind):
            message = f"{kind} is a step of provisioner, and {other} declares it, too; uninstall it"
        else:
            try:
                self._step_class(kind)
            except UsageError as error:
                message = error.message
        if message:
            self._reader.report_key(location, message)
        return bool(message)

    def _entry(self, location: Location, entries: dict[str, Location], kind: str) -> Any:
        options = self._options(kind, entries[kind])
        if options is None:
            return INVALID
        cls = self._step_class(kind)
        common = self._common(cls, entries, options)
        known = declared_keys(cls)
        for name in options.keys() - known.keys() - common.keys():
            self._unknown_option(kind, options[name], name)
        found = self._reader.fields(cls, entries[kind], options)
        given = self._given(cls)
        step = self._reader.build(cls, entries[kind], options, found, given)
        values = self._reader.fields(StepEntry, location, common)
        if step is INVALID or INVALID in values.values():
            return INVALID
        mark, file = location.node.start_mark, self._reader.problems.file
        line, column = mark.line + 1, mark.column + 1
        made = StepEntry(kind=kind, step=step, file=file, line=line, column=column, **values)
        self._reader.report_findings(made.check(), location, common)
        return made

    def _given(self, cls: type) -> dict[str, Any]:
        """The values that a step gets from the rest of the file."""
        wants = any(field.name == "secret_variables" for field in dataclasses.fields(cls))
        return {"secret_variables": self._reader.secret_variables} if wants else {}

    def _options(self, kind: str, location: Location) -> dict[str, Location] | None:
        return self._reader.mapping_or_shorthand(self._step_class(kind), location)

    def _common(
        self, cls: type, entries: dict[str, Location], options: dict[str, Location]
    ) -> dict[str, Location]:
        """The keys of any step: they may be beside the kind or among its options."""
        own = declared_keys(cls)
        common: dict[str, Location] = {}
        for name in declared_keys(StepEntry):
            inside = options.get(name) if name not in own else None
            locations = [each for each in (entries.get(name), inside) if each]
            if len(locations) == 2:
                line = locations[0].node.start_mark.line + 1
                message = f"is also set in line {line}, beside the kind; keep one of them"
                self._reader.report_key(locations[1], message)
            if locations:
                common[name] = locations[0]
        return common

    def _refuse_unknown(self, entries: dict[str, Location], kinds: list[str]) -> None:
        for name, location in entries.items():
            if name in self._kinds or name in declared_keys(StepEntry):
                continue
            if name in RESERVED_STEPS or name in RESERVED_STEP_KEYS:
                self._reader.report_key(location, "is not available in this version; remove it")
            elif len(kinds) == 1 and name in declared_keys(self._step_class(kinds[0])):
                message = f"is an option of {kinds[0]}; write it below, indented by two more spaces"
                self._reader.report_key(location, message)
            else:
                known = [*declared_keys(StepEntry), *([] if kinds else self._kinds)]
                self._reader.unknown_key(location, name, known)

    def _unknown_option(self, kind: str, location: Location, name: str) -> None:
        if name in RESERVED_STEP_KEYS or name in RESERVED_OPTIONS.get(kind, ()):
            self._reader.report_key(location, "is not available in this version; remove it")
            return
        self._reader.unknown_key(location, name, declared_keys(self._step_class(kind)))

    def _no_kind(self, location: Location, entries: dict[str, Location]) -> None:
        """Report an entry that has no kind; a misspelled one has been reported already."""
        unknown = entries.keys() - declared_keys(StepEntry).keys() - RESERVED_STEP_KEYS
        if not unknown:
            kinds = ", ".join(self._kinds)
            self._reader.report(location, f"the entry has no kind of step; write one of: {kinds}")

    def _bare_kind(self, location: Location) -> str:
        """The kind of an entry that consists of its name only (`- run_apex`), or ""."""
        if not isinstance(location.node, ScalarNode) or is_null(location.node):
            return ""
        name = str(location.node.value)
        return name if name in self._kinds else nearest(name, self._kinds)
