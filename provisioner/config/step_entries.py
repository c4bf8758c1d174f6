"""Reads the entries under `steps`: one kind with its options, and what any step may have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from yaml.nodes import ScalarNode

from provisioner.config.checks import nearest
from provisioner.config.document import Spot, is_null
from provisioner.config.model import StepEntry
from provisioner.config.reader import INVALID, Reader
from provisioner.config.reserved import RESERVED_OPTIONS, RESERVED_STEP_KEYS, RESERVED_STEPS
from provisioner.declare.keys import declared_keys

StepClass = Callable[[str], type]


class StepEntries:
    """The reader of StepEntry. `kinds` are those of the registry, `step_class` gives the class."""

    def __init__(self, reader: Reader, kinds: Mapping[str, Any], step_class: StepClass) -> None:
        self._reader = reader
        self._kinds = kinds
        self._step_class = step_class

    def __call__(self, spot: Spot) -> Any:
        """A StepEntry, or INVALID with its problems reported."""
        kind = self._bare_kind(spot)
        if kind:
            message = f"{kind} has no options here; write {kind}: and its keys below"
            self._reader.report(spot, message)
            return INVALID
        entries = self._reader.entries(spot)
        if entries is None:
            return INVALID
        kinds = [name for name in entries if name in self._kinds]
        self._refuse_unknown(entries, kinds)
        if len(kinds) > 1:
            message = f"one entry, one kind; write {kinds[1]} as an entry of its own"
            self._reader.report_key(entries[kinds[1]], message)
        if not kinds:
            self._no_kind(spot, entries)
        return self._entry(spot, entries, kinds[0]) if len(kinds) == 1 else INVALID

    def _entry(self, spot: Spot, entries: dict[str, Spot], kind: str) -> Any:
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
        values = self._reader.fields(StepEntry, spot, common)
        if step is INVALID or INVALID in values.values():
            return INVALID
        line = spot.node.start_mark.line + 1
        return StepEntry(kind=kind, step=step, file=self._reader.problems.file, line=line, **values)

    def _given(self, cls: type) -> dict[str, Any]:
        """What a step may know of the rest of the file."""
        wants = any(field.name == "secret_variables" for field in dataclasses.fields(cls))
        return {"secret_variables": self._reader.secret_variables} if wants else {}

    def _options(self, kind: str, spot: Spot) -> dict[str, Spot] | None:
        return self._reader.mapping_or_shorthand(self._step_class(kind), spot)

    def _common(
        self, cls: type, entries: dict[str, Spot], options: dict[str, Spot]
    ) -> dict[str, Spot]:
        """The keys of any step: they may stand beside the kind or among its options."""
        own = declared_keys(cls)
        common: dict[str, Spot] = {}
        for name in declared_keys(StepEntry):
            inside = options.get(name) if name not in own else None
            places = [place for place in (entries.get(name), inside) if place]
            if len(places) == 2:
                line = places[0].node.start_mark.line + 1
                message = f"stands in line {line} too, beside the kind; keep one of them"
                self._reader.report_key(places[1], message)
            if places:
                common[name] = places[0]
        return common

    def _refuse_unknown(self, entries: dict[str, Spot], kinds: list[str]) -> None:
        for name, spot in entries.items():
            if name in self._kinds or name in declared_keys(StepEntry):
                continue
            if name in RESERVED_STEPS or name in RESERVED_STEP_KEYS:
                self._reader.report_key(spot, "is not available yet; leave it out")
            elif len(kinds) == 1 and name in declared_keys(self._step_class(kinds[0])):
                message = f"belongs to {kinds[0]}; write it below, indented by two more spaces"
                self._reader.report_key(spot, message)
            else:
                known = [*declared_keys(StepEntry), *([] if kinds else self._kinds)]
                self._reader.unknown_key(spot, name, known)

    def _unknown_option(self, kind: str, spot: Spot, name: str) -> None:
        if name in RESERVED_STEP_KEYS or name in RESERVED_OPTIONS.get(kind, ()):
            self._reader.report_key(spot, "is not available yet; leave it out")
            return
        self._reader.unknown_key(spot, name, declared_keys(self._step_class(kind)))

    def _no_kind(self, spot: Spot, entries: dict[str, Spot]) -> None:
        """An entry that names no kind; a misspelt one has been reported already."""
        unknown = entries.keys() - declared_keys(StepEntry).keys() - RESERVED_STEP_KEYS
        if not unknown:
            kinds = ", ".join(self._kinds)
            self._reader.report(spot, f"the entry names no kind of step; write one of: {kinds}")

    def _bare_kind(self, spot: Spot) -> str:
        """The kind of an entry that is only its name (`- run_apex`), or ""."""
        if not isinstance(spot.node, ScalarNode) or is_null(spot.node):
            return ""
        name = str(spot.node.value)
        return name if name in self._kinds else nearest(name, self._kinds)
