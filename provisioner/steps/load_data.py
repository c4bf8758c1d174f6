"""`load_data`: records from files, in one of several forms; each form is a module of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind
from provisioner.steps.base import Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.bulk_state import BulkState
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import NO_COMPONENTS, Components, Need
from provisioner.steps.load_progress import LoadState

FORMS: Mapping[str, tuple[str, ...]] = {
    "plan": (),
    "csv": ("object", "operation", "external_id", "max_failed_rows"),
    "files": (),
    "sfdmu": ("max_failed_rows",),
    "snowfakery": ("seed",),
}
"""The key that selects a form → the keys that belong to it."""

_API_NAME = r"[A-Za-z]\w*"


LoadDataState = LoadState | BulkState | StartAgain
"""The states of all forms."""


class Form(Protocol):
    """One form of `load_data`: the members of a step, and its check."""

    def check(self, directory: Path) -> Iterable[Finding]:
        """The problems of the files."""

    def needs(self, directory: Path) -> Iterable[Need]:
        """The custom objects and fields of the files."""

    def start(self, context: StepContext) -> Outcome:
        """See `Step.start`."""

    def poll(self, context: StepContext, state: Any) -> Outcome:
        """See `Step.poll`."""

    def read_state(self, text: str) -> Any:
        """See `Step.read_state`."""

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """See `Step.inputs`."""

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """See `NamesInputs.named_inputs`."""


@dataclass(frozen=True, kw_only=True)
class LoadData:
    """Loads records from files.

    Each form is safe to run twice in its own way: see PlanForm, CsvForm, FilesForm, SfdmuForm
    and SnowfakeryForm.
    """

    kind: ClassVar[str] = "load_data"
    shorthand: ClassVar[str] = "plan"

    plan: Path | None = option(
        "the plan that `sf data export tree --plan` wrote",
        default=None,
        path="file",
        example="data/plan.json",
    )
    csv: tuple[Path, ...] = option(
        "CSV files with records of one object, one file or a list",
        default=(),
        path="file",
        minimum=1,
        is_single=True,
        example=("data/Account.csv",),
    )
    object: str = option(
        "the object of the CSV files",
        default="",
        pattern=_API_NAME,
        expects="the API name of an object",
        example="Account",
    )
    operation: Literal["insert", "upsert"] | None = option(
        "what is done with the rows of the CSV files; insert if it is absent", default=None
    )
    external_id: str = option(
        "the external id field by which an upsert finds records",
        default="",
        pattern=_API_NAME,
        expects="the API name of a field",
        example="Ext__c",
    )
    max_failed_rows: int | None = option(
        "how many rows the org may refuse; 0 if it is absent", default=None, minimum=0
    )

    files: tuple[Path, ...] = option(
        "files to upload as ContentVersion, one file or a list",
        default=(),
        path="file",
        minimum=1,
        is_single=True,
        example=("docs/price-list.pdf",),
    )

    sfdmu: Path | None = option(
        "an export.json of SFDMU, beside its CSV files",
        default=None,
        path="file",
        example="data/export.json",
    )

    snowfakery: Path | None = option(
        "a recipe of Snowfakery (extra `snowfakery`)",
        default=None,
        path="file",
        example="data/recipe.yml",
    )
    seed: int | None = option(
        "the same data in each org; without it, each org gets other data", default=None, minimum=0
    )

    secret_variables: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    _cached: CachedInput = cached_input()

    def check(self, directory: Path) -> Iterable[Finding]:
        """The keys must be those of one form; then the form checks its files."""
        given = [name for name in FORMS if getattr(self, name) not in (None, ())]
        if len(given) != 1:
            known = ", ".join(FORMS)
            yield Finding(
                given[1] if given else "",
                f"{given[1]} and {given[0]} exclude each other; write two entries"
                if given
                else f"write one of these keys: {known}",
            )
            return
        wrong = list(self._foreign_keys(given[0]))
        yield from wrong
        if not wrong:
            yield from self._form().check(directory)

    def _foreign_keys(self, form: str) -> Iterator[Finding]:
        for owner, keys in FORMS.items():
            for key in keys:
                owners = [name for name, own in FORMS.items() if key in own]
                is_given = getattr(self, key) not in (None, "")
                if is_given and form not in owners and owner == owners[0]:
                    yield Finding(key, f"{key} belongs to {' or '.join(owners)}; remove it")
        if form == "csv" and not self.object:
            yield Finding("", "the key object is missing; write object: Account")
        if form == "csv" and self.operation == "upsert" and not self.external_id:
            yield Finding("", "an upsert needs the key external_id; write external_id: Ext__c")
        if form == "csv" and self.operation != "upsert" and self.external_id:
            yield Finding("external_id", "only an upsert has it; write operation: upsert")

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """It brings no metadata."""
        return NO_COMPONENTS

    def needs(self, directory: Path) -> Iterable[Need]:
        """The custom objects and fields of the data."""
        return self._form().needs(directory)

    def start(self, context: StepContext) -> Outcome:
        """Begin to load."""
        return self._form().start(context)

    def poll(self, context: StepContext, state: LoadDataState) -> Outcome:
        """Continue to load."""
        return self._form().poll(context, state)

    def read_state(self, text: str) -> LoadDataState:
        """How far the load is. Raises StepFailed for a text of another form."""
        found: LoadDataState = self._form().read_state(text)
        return found

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """What the files contain, or a hash of it. Raises UsageError with all their problems."""
        return self._form().inputs(directory)

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files, and what the keys say about how they are loaded."""
        return self._form().named_inputs(directory)

    def _form(self) -> Form:
        """The form that the keys select; its module is imported when it is used."""
        if self.plan is not None:
            from provisioner.steps.plan_form import PlanForm

            return PlanForm(self.plan, self._cached)
        if self.csv:
            from provisioner.steps.csv_form import CsvForm

            return CsvForm(
                self.csv,
                self.object,
                self.operation or "insert",
                self.external_id,
                self.max_failed_rows or 0,
                self._cached,
            )
        if self.files:
            from provisioner.steps.files_form import FilesForm

            return FilesForm(self.files, self._cached)
        if self.sfdmu is not None:
            from provisioner.steps.sfdmu_form import SfdmuForm

            return SfdmuForm(self.sfdmu, self.max_failed_rows or 0, self._cached)
        if self.snowfakery is not None:
            from provisioner.steps.snowfakery_form import SnowfakeryForm

            return SnowfakeryForm(self.snowfakery, self.seed, self.secret_variables, self._cached)
        raise StepFailed("the entry names no data", kind=ErrorKind.CONFIGURATION)
