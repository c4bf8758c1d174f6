"""Reads the pools of `pool.yaml`: their names, their definition files, their steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from provisioner.config.document import Location
from provisioner.config.model import Definition, Pool, StepEntry
from provisioner.config.org_definitions import read_definition
from provisioner.config.project_namespace import ProjectError, project_namespace
from provisioner.config.reader import INVALID, Reader, Special
from provisioner.config.step_entries import StepEntries
from provisioner.steps import kinds, step_class


class Pools:
    """The readers of Pool, Definition and StepEntry."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.special: dict[type, Special] = {
            Pool: self.pool,
            Definition: self.definition,
            StepEntry: StepEntries(reader, kinds(), step_class),
        }

    def pool(self, location: Location) -> Any:
        """A Pool; its name is the key in `pools`."""
        return self._reader.instance(Pool, location, {"name": location.path.removeprefix("pools.")})

    def definition(self, location: Location) -> Any:
        """A Definition with its content. Problems in the file are reported where it is named."""
        made = self._reader.instance(Definition, location)
        if made is INVALID:
            return INVALID
        named = (self._reader.mapping_or_shorthand(Definition, location) or {})["file"]
        try:
            content, problems = read_definition(self._reader.directory / made.file)
        except OSError as error:
            self._reader.report(named, f"{made.name} cannot be read: {error.strerror}")
            return INVALID
        for problem in problems:
            message = f"{made.name}:{problem}"
            self._reader.report(named, message, is_warning=problem.is_warning)
        if made.namespace and not content.get("namespace"):
            content = self._with_namespace(made, content, named)
        return dataclasses.replace(made, content=content)

    def _with_namespace(
        self, made: Definition, content: Mapping[str, Any], named: Location
    ) -> Mapping[str, Any]:
        directory = self._reader.directory
        try:
            namespace = project_namespace(directory / made.file, directory)
        except ProjectError as error:
            self._reader.report(named, f"{error}; its namespace is needed for the sign-ups")
            return content
        return {**content, "namespace": namespace} if namespace else content
