"""`provisioner source convert`: writes the metadata package that a deployment would send."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.invocation import DEFAULT_CONFIG, Invocation
from provisioner.cli.options import shared_options
from provisioner.errors import Problem, UsageError
from provisioner.output import Output
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.source import Package, SourceWarning

OLDEST_CERTAIN_VERSION = "58.0"
"""The API version of the official converter if neither the project nor the network gives one."""
_SHOWN = 20  # warnings shown without --explain

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def source() -> None:
    """Convert source format to metadata format."""


def convert(
    call: Invocation,
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="An SFDX project, or a folder with package.xml.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="ZIP|FOLDER",
            help="The file to write if the name ends with .zip, else the folder. A folder must be "
            "empty. Missing folders are created.",
        ),
    ],
    api_version: Annotated[
        str | None,
        typer.Option(metavar="V", help="API version; default: the project's sourceApiVersion."),
    ] = None,
    package_dir: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Convert only this package directory; repeatable."),
    ] = None,
    pre_destructive_changes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Manifest of components to delete before the deployment."
        ),
    ] = None,
    post_destructive_changes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Manifest of components to delete after the deployment."),
    ] = None,
    strict: Annotated[
        bool, typer.Option(help="Treat warnings as errors.", show_default=False)
    ] = False,
    explain: Annotated[
        bool, typer.Option(help="Show all warnings, with the reason of each.", show_default=False)
    ] = False,
) -> None:
    """Convert a source project to a metadata package.

    The package is the one that a deployment sends. It equals that of the Salesforce CLI, and the
    same source always gives the same bytes. If there are problems, all of them are reported with
    file and line, and nothing is written.
    """
    from provisioner.source import SourceError, package

    try:
        made = package(
            directory,
            api_version=api_version or OLDEST_CERTAIN_VERSION,
            prefer_project_version=api_version is None,
            strict=strict,
            package_dirs=package_dir or (),
            environ=call.environ,
            secret_variables=call.secret_variables(directory / DEFAULT_CONFIG),
            delete_before=pre_destructive_changes,
            delete_after=post_destructive_changes,
        )
    except SourceError as error:
        if call.output.as_json:
            raise
        _show_problems(call.output, error.problems)
        raise typer.Exit(error.exit_code) from None
    _write(made, out)
    _show_warnings(call.output, made.warnings, explain=explain)
    call.output.result(_summary(made, out), _document(made, out) if call.output.as_json else None)


app.command("convert")(shared_options(convert))


def _write(made: Package, out: Path) -> None:
    """Write the zip or the folder. A zip is written completely or not at all."""
    try:
        if out.suffix.lower() != ".zip":
            _write_folder(made, out)
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            with draft.open("wb") as file:
                made.write_zip(file)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror}", hint="choose another path for --out"
        ) from None


def _write_folder(made: Package, out: Path) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(
            f"{out} is not empty",
            hint="its files would be deployed as well; choose a new or empty folder",
        )
    made.write_folder(out)


def _show_problems(output: Output, problems: Sequence[Problem]) -> None:
    for problem in problems:
        output.line(str(problem))
    if len(problems) > 1:
        output.say(f"{quantity(len(problems), 'problem')}; nothing was written")


def _show_warnings(output: Output, warnings: Sequence[SourceWarning], *, explain: bool) -> None:
    for warning in warnings if explain else warnings[:_SHOWN]:
        reason = f"\n{warning.reason}" if explain else ""
        output.line(f"{warning}{reason}")
    if len(warnings) > _SHOWN and not explain:
        more = quantity(len(warnings) - _SHOWN, "more warning")
        output.line(f"and {more}; --explain shows all of them")


def _summary(made: Package, out: Path) -> str:
    components = sum(map(len, made.members.values()))
    files, members = quantity(made.file_count, "file"), quantity(components, "member")
    return f"{out}: {files}, {members}, sha256 {made.digest()}"


def _document(made: Package, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "files": made.file_count,
        "digest": made.digest(),
        "members": {name: list(members) for name, members in made.members.items()},
        "deletions": {
            manifest: {name: list(members) for name, members in deleted.items()}
            for manifest, deleted in made.deletions.items()
        },
        "warnings": [
            {
                "file": warning.file,
                "line": warning.line,
                "kind": warning.kind,
                "message": warning.message,
                "reason": warning.reason,
            }
            for warning in made.warnings
        ],
    }
