"""Problems of a source project, which stop the conversion, and warnings, which do not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from provisioner.errors import Problem, UsageError


class SourceError(UsageError):
    """The source cannot be converted; has all problems, each with file and line."""

    default_code = "source"

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        super().__init__("\n".join(map(str, problems)), hint=hint)
        self.problems = problems


class WarningKind(Enum):
    """What the official converter ignores silently; the value says why it matters."""

    CONTENT_WITHOUT_META = "a content file without its -meta.xml is left out of the package"
    META_IGNORED = "its -meta.xml is excluded by .forceignore, so the content is left out as well"
    BUNDLE_WITHOUT_META = "the bundle is in the package, but the org requires its -meta.xml"
    EMPTY_BUNDLE = "package.xml lists the component, but the package has no file of it"
    OVERWRITTEN = "two files have the same path in the package; the one read last is used"
    SECOND_PARENT = "a component has two files of its own; only the first one is used"
    SECOND_CHILD = "two files describe the same child; only the first one is used"
    LOST_CHILDREN = "children are searched for only below the folder of the type"
    REPLACED_ELEMENTS = "elements in the parent's file are replaced by the files of its children"
    FOREIGN_ELEMENTS = "only the labels of a labels file are in the package"
    SAME_CONTENT_NAME = "two contents of a static resource have the same name; the first is used"
    UNUSED_REPLACEMENT = "a replacement of sfdx-project.json found nothing to replace"
    SPLIT_REPLACEMENT = (
        "a replacement is applied to a large file in pieces that end at a line, and not across them"
    )
    METADATA_FORMAT = "the file is in metadata format, but this folder is in source format"
    LEGACY_SUFFIX = "the suffix is deprecated; it is written with the new one"
    UNKNOWN_ENTITY = "an entity that XML does not know is written as literal text"
    QUOTED_REFERENCE = "a text that looks like a numeric reference is written as the character"
    BACKSLASH = (
        "a backslash in .forceignore quotes the next character and does not separate folders"
    )
    NOT_SEQUENTIAL = (
        "one package contains all package directories, as with `sf project deploy start`"
    )
    NO_COMPONENTS = "the package is empty, and Salesforce refuses to deploy it"


@dataclass(frozen=True, order=True)
class SourceWarning(Problem):
    """A warning with file and line; the converted bytes are those of the official converter.

    `reason` says what it means, for `--explain`.
    """

    is_warning: bool = True
    kind: str = ""
    reason: str = ""


class Refusal(Exception):  # noqa: N818 - carries a problem to where all of them are collected
    """One component cannot be converted; the others are still checked."""

    def __init__(self, name: str, path: str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.problem = Problem(path, line, column, "", f"{message} ({name})" if name else message)


class _Collector:
    def __init__(self, problems: dict[Problem, None]) -> None:
        self._problems = problems

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Refusal):
            self._problems[error.problem] = None
            return True
        return False


class Findings:
    """Collects problems and warnings while a project is read."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}
        self._warnings: dict[SourceWarning, None] = {}
        self._collector = _Collector(self._problems)

    def refuse(self, name: str, path: str, message: str, line: int = 1, column: int = 1) -> None:
        """Add a problem; `name` is the official converter's name for it, "" if it has none."""
        self._problems[Refusal(name, path, message, line, column).problem] = None

    def collect(self) -> _Collector:
        """For `with`: a Refusal in the block is added as a problem and not raised further."""
        return self._collector

    def warn(self, warning: WarningKind, path: str, message: str, line: int = 1) -> None:
        """Add a warning; equal ones are kept once."""
        kind = warning.name.lower()
        self._warnings[
            SourceWarning(path, line, 1, "", message, kind=kind, reason=warning.value)
        ] = None

    @property
    def warnings(self) -> tuple[SourceWarning, ...]:
        return tuple(sorted(self._warnings))

    def raise_problems(self, *, strict: bool = False) -> None:
        """Raise SourceError if there are problems; with `strict`, also for every warning."""
        found: list[Problem] = sorted(self._problems)
        if strict:
            found += [
                Problem(w.file, w.line, w.column, w.key_path, w.message) for w in self.warnings
            ]
        if found:
            raise SourceError(tuple(found))
