"""The executable `provisioner`: parses, calls one command, turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer

import provisioner
from provisioner import children
from provisioner.cli.options import (
    OUTPUT_KEY,
    ConfigOption,
    JsonOption,
    NoColorOption,
    QuietOption,
    Shared,
)
from provisioner.cli.stopping import clean_up_on_signals
from provisioner.cli.strays import keep_values_out_of_reports
from provisioner.cli.table import CommandTable
from provisioner.errors import Interrupted, ProvisionerError, UsageError
from provisioner.output import Output, closed_streams, lead_nowhere

BROKEN_PIPE = 141  # what a shell says of a process that SIGPIPE ended

app = typer.Typer(
    cls=CommandTable,
    add_completion=False,
    rich_markup_mode=None,
    help="Pools of ready Salesforce scratch orgs. Claim one by username; log in by JWT.",
    epilog="See `provisioner COMMAND --help` for a command. Start with `provisioner init`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        Output().result(f"provisioner {provisioner.__version__}", None)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version."),
    ] = False,
) -> None:
    context.obj = Shared(config, as_json, quiet, no_color)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    keep_values_out_of_reports()
    clean_up_on_signals()
    _open_standard_streams()
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # just as an error was being told
        code = Interrupted.exit_code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    # Everything is closed by now. To take the interpreter apart object by object, as `sys.exit`
    # does, costs as much as a tenth of a claim, and would wait for threads given up for lost.
    os._exit(code)


def _open_standard_streams() -> None:
    """A daemon may start us without them; a ledger's file must not be opened as stdout."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            closed_streams.add(name)
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code is the answer. Nothing is raised."""
    found: dict[str, Any] = {}
    try:
        code = _invoke(arguments, found)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_streams()
        return BROKEN_PIPE
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _fail(Interrupted("interrupted"), arguments, found)
    except ProvisionerError as error:
        return _fail(error, arguments, found)
    except typer.TyperException as error:  # what the parser says of the arguments
        return _fail(_usage(error), arguments, found)
    except Exception as error:  # noqa: BLE001 - nobody but us can do anything about it
        from provisioner.crash import record

        return _fail(record(error), arguments, found)


def _invoke(arguments: Sequence[str], found: dict[str, Any]) -> int:
    command = typer.main.get_command(app)
    with command.make_context("provisioner", list(arguments) or ["--help"]) as context:
        try:
            answer = command.invoke(context)
        finally:
            found.update(context.meta)  # shared with the contexts of the commands below
    return answer if isinstance(answer, int) else 0


def _fail(error: ProvisionerError, arguments: Sequence[str], found: dict[str, Any]) -> int:
    """Say what failed, in the form that was asked for; the error's exit code is the answer."""
    output: Output = found.get(OUTPUT_KEY) or _early_output(arguments)
    output.hide(children.secrets(os.environ))
    try:
        if output.as_json and output.has_reader and not output.has_result:
            output.json({"error": as_document(error)})
        else:
            _say_error(output, error)
        sys.stdout.flush()
    except (OSError, UsageError):  # the streams themselves are what fails
        _forget_streams()
    return error.exit_code


def _say_error(output: Output, error: ProvisionerError) -> None:
    problems = getattr(error, "problems", ())  # of pool.yaml, or of the source that it names
    if not problems:
        output.error(error.message, hint=error.hint)
        return
    for problem in problems:  # a line each, as editors and CI systems parse them
        output.line(str(problem))
    if error.hint:
        output.hint(error.hint)


def as_document(error: ProvisionerError) -> dict[str, str]:
    """The error as `--json` prints it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _early_output(arguments: Sequence[str]) -> Output:
    """How output is wanted, when the arguments could not be parsed to the end."""
    known = list(arguments)
    options = known[: known.index("--")] if "--" in known else known
    return Output(as_json="--json" in options, color="--no-color" not in options)


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "provisioner"
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=f"see `{path} --help`")


def _forget_streams() -> None:
    """Nobody reads any more: let the interpreter flush its streams into nothing at its end."""
    for stream in (sys.stdout, sys.stderr):
        lead_nowhere(stream)
