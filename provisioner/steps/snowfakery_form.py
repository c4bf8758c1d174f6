"""`load_data: { snowfakery: … }`: the data of a Snowfakery recipe, with its references."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.declare.options import Finding
from provisioner.errors import SalesforceError, UsageError
from provisioner.salesforce.describe import fields_of
from provisioner.salesforce.reads import answers
from provisioner.steps.base import Outcome, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput
from provisioner.steps.components import Need
from provisioner.steps.data_chunks import DataLoad
from provisioner.steps.data_needs import needs_of, used_by_tables
from provisioner.steps.data_plan import PlanError
from provisioner.steps.load_progress import LoadState
from provisioner.steps.snowfakery_data import (
    INSTALL,
    GenerationError,
    data_load,
    generated,
    input_files,
    is_installed,
)
from provisioner.steps.tree_loading import poll_load, read_load_state, start_load

_LOAD = "generated load"
_POSITION = re.compile(r"(?<=\w):\d+:\d+(?=: )")
CHECKED = 1  # the seed with which a recipe without one is checked


@dataclass(frozen=True)
class SnowfakeryForm:
    """Generates data and loads it like a plan, exactly once.

    Safe to run twice in the same way as PlanForm: the seed, or else the id of the org, determines
    the data, so a build that continues generates the same data again.
    """

    recipe: Path
    seed: int | None
    secret_variables: Collection[str]
    cached: CachedInput

    def check(self, directory: Path) -> Iterable[Finding]:
        """Generate the data once; every reference must be to a generated record."""
        if not is_installed():
            yield Finding("snowfakery", f"Snowfakery is not installed; {INSTALL}")
            return
        try:
            self.cached.checked("", lambda: self._checked(directory))
            yield from self._load_file(directory)
        except (GenerationError, OSError) as error:
            yield Finding("snowfakery", self._text(error))
        except PlanError as error:
            for problem in error.problems:
                yield Finding("snowfakery", self._of_record(problem))

    def needs(self, directory: Path) -> Iterable[Need]:
        """What the generated records use; `check` has generated them."""
        found = self.cached.get("", lambda: self._checked(directory))
        used = used_by_tables(found, directory / self.recipe, self.recipe)
        return needs_of(used, "snowfakery")

    def start(self, context: StepContext) -> Outcome:
        """Send the first requests."""
        return start_load(context, self._load(context))

    def poll(self, context: StepContext, state: LoadState) -> Outcome:
        """Send the requests that are left."""
        return poll_load(context, self._load(context), state, str(self.recipe))

    def read_state(self, text: str) -> LoadState:
        """How far the load is. Raises StepFailed for any other text."""
        return read_load_state(text, str(self.recipe))

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The recipe, the files that it names, and the seed. Raises UsageError."""
        yield f"seed {self.seed}".encode()
        try:
            yield from list(input_files(directory / self.recipe))
        except OSError as error:
            raise UsageError(self._text(error), code="data_snowfakery") from None
        if self.seed is not None:
            self.cached.fresh("", lambda: self._data(directory, str(self.seed)))

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The recipe, with the files that it names, and the seed."""
        yield "seed", str(self.seed).encode()
        for content in input_files(directory / self.recipe):
            yield self.recipe.as_posix(), content

    def _checked(self, directory: Path) -> dict[str, Any]:
        found = generated(directory / self.recipe, self.seed or CHECKED, self.secret_variables)
        data_load(found, {})
        return found

    def _load_file(self, directory: Path) -> Iterator[Finding]:
        """CumulusCI takes order, API and more from a load file beside the recipe."""
        path = self.recipe
        stem = path.name.removesuffix(path.suffix).removesuffix(".recipe")
        name = f"{stem}.load{path.suffix}"
        if name != path.name and (directory / path.with_name(name)).exists():
            text = f"{path.with_name(name)} is not used; references determine the order of the load"
            yield Finding("snowfakery", text, is_warning=True)

    def _text(self, error: OSError | GenerationError) -> str:
        if isinstance(error, OSError):
            return f"{self.recipe} cannot be read: {error.strerror}"
        return f"{self.recipe}: {error}"

    def _of_record(self, problem: str) -> str:
        """A problem of a generated record; its line is of no file."""
        return f"{self.recipe}: {_POSITION.sub('', problem)}"

    def _data(self, directory: Path, seed: str) -> dict[str, Any]:
        try:
            return generated(directory / self.recipe, int(seed), self.secret_variables)
        except (GenerationError, OSError) as error:
            raise UsageError(self._text(error), code="data_snowfakery") from None

    def _load(self, context: StepContext) -> DataLoad:
        """The load of this org: once generated, it is in the memory of the step."""
        if _LOAD not in context.memory:
            try:
                context.memory[_LOAD] = self._made(context)
            except PlanError as error:
                first, *more = map(self._of_record, error.problems)
                raise StepFailed(first, details=more) from None
        load: DataLoad = context.memory[_LOAD]
        return load

    def _made(self, context: StepContext) -> DataLoad:
        if self.seed is not None:
            found = self.cached.get("", lambda: self._data(context.directory, str(self.seed)))
        else:
            number = int(hashlib.sha256(context.org_id.encode()).hexdigest()[:8], 16)
            found = self._data(context.directory, str(number))
        return data_load(
            found, self._fields(context, sorted({t["object"] for t in found["tables"]}))
        )

    def _fields(self, context: StepContext, objects: Sequence[str]) -> dict[str, Any]:
        described = dict(zip(objects, answers(context.org, map(fields_of, objects)), strict=True))
        for name, found in described.items():
            if isinstance(found, SalesforceError):
                if found.status != 404:
                    raise found
                text = f"{self.recipe}: the org has no object {name}"
                raise StepFailed(text, details=[found.message])
        return described
