"""What is wrong with a source project, and what is odd about it but converted all the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from provisioner.errors import Problem, UsageError


class SourceError(UsageError):
    """The source is not converted; holds every problem found, each with file and line."""

    default_code = "source"

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        super().__init__("\n".join(map(str, problems)), hint=hint)
        self.problems = problems


class Oddity(Enum):
    """What the official converter passes over in silence; the value tells why it matters."""

    CONTENT_WITHOUT_META = "a content file without its -meta.xml is left out of the package"
    META_IGNORED = "its -meta.xml is excluded by .forceignore, so the content is left out as well"
    BUNDLE_WITHOUT_META = "the bundle goes into the package, and the org will miss its -meta.xml"
    EMPTY_BUNDLE = "package.xml lists the component, but no file of it goes into the package"
    OVERWRITTEN = "two files have the same place in the package; the one read last is kept"
    SECOND_PARENT = "a component has two own files; only the first one is read"
    SECOND_CHILD = "two files describe the same child; only the first one is read"
    LOST_CHILDREN = "children are looked for only below the folder of the type"
    REPLACED_ELEMENTS = "elements in the parent's own file give way to the files of its children"
    FOREIGN_ELEMENTS = "only the labels of a labels file go into the package"
    SAME_CONTENT_NAME = "two contents of a static resource have the same name; the first is taken"
    UNUSED_REPLACEMENT = "a replacement of sfdx-project.json found nothing to replace"
    SPLIT_REPLACEMENT = "files are replaced in pieces that end at a line; what spans two is missed"
    METADATA_FORMAT = "the file is in metadata format, and this folder is for source format"
    LEGACY_SUFFIX = "the suffix is deprecated; it is written with the new one"
    UNKNOWN_ENTITY = "an entity that XML does not know is written as literal text"
    QUOTED_REFERENCE = "a text that looks like a numeric reference is written as the character"
    BACKSLASH = "a backslash in .forceignore quotes the next character and separates no folders"
    NOT_SEQUENTIAL = (
        "one package holds all package directories, as `sf project deploy start` has it"
    )
    NO_COMPONENTS = "the package is empty, and a deployment of it is refused"


@dataclass(frozen=True, order=True)
class SourceWarning(Problem):
    """An oddity at its place: converted to the same bytes as officially, but said.

    `reason` tells what comes of it, for `--explain`.
    """

    is_warning: bool = True
    kind: str = ""
    reason: str = ""


class Refusal(Exception):  # noqa: N818 - carries a problem to where all of them are collected
    """One component cannot be converted; the others are looked at all the same."""

    def __init__(self, name: str, path: str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.problem = Problem(path, line, column, "", f"{message} ({name})")


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
        """Note a problem; `name` is the official converter's name for it, where it has one."""
        self._problems[Refusal(name, path, message, line, column).problem] = None

    def collect(self) -> _Collector:
        """For `with`: what the block refuses is noted, and the work goes on after it."""
        return self._collector

    def warn(self, oddity: Oddity, path: str, message: str, line: int = 1) -> None:
        """Note an oddity once, however often it is met."""
        kind = oddity.name.lower()
        self._warnings[
            SourceWarning(path, line, 1, "", message, kind=kind, reason=oddity.value)
        ] = None

    def add(self, other: Findings) -> None:
        """Take over what another process found."""
        self._problems.update(other._problems)
        self._warnings.update(other._warnings)

    @property
    def warnings(self) -> tuple[SourceWarning, ...]:
        return tuple(sorted(self._warnings))

    def raise_problems(self, *, strict: bool = False) -> None:
        """Raise SourceError with everything refused; when strict, with every oddity too."""
        found: list[Problem] = sorted(self._problems)
        if strict:
            found += [
                Problem(w.file, w.line, w.column, w.key_path, w.message) for w in self.warnings
            ]
        if found:
            raise SourceError(tuple(found))
