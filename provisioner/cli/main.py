"""The executable `provisioner`: parses the arguments, calls a command, sets the exit code."""

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
from provisioner.cli.table import CommandTable
from provisioner.cli.uncaught_exceptions import keep_values_out_of_reports
from provisioner.errors import ConfigError, Interrupted, ProvisionerError, UsageError
from provisioner.output import Output, closed_streams, redirect_to_null

BROKEN_PIPE = 141  # the exit code that shells report for a process that SIGPIPE terminated

app = typer.Typer(
    cls=CommandTable,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep pools of ready Salesforce scratch orgs. Claim an org, and log in to it by JWT.",
    epilog="Start with `provisioner init`. `provisioner COMMAND --help` explains a command.",
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
    except KeyboardInterrupt:  # while an error was printed
        code = Interrupted.exit_code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader has closed the stream
            stream.flush()
    # Everything is closed by now. The clean-up of the interpreter in `sys.exit` takes a tenth of
    # the time of a claim, and would wait for threads that were abandoned.
    os._exit(code)


def _open_standard_streams() -> None:
    """Open closed standard streams on the null device.

    A daemon may start this process without them; a ledger file must not get the number of stdout.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            closed_streams.add(name)
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code. Raises nothing."""
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
    except typer.TyperException as error:  # wrong arguments
        return _fail(_usage(error), arguments, found)
    except Exception as error:  # noqa: BLE001 - a bug of provisioner
        from provisioner.crash import record

        return _fail(record(error), arguments, found)


def _invoke(arguments: Sequence[str], found: dict[str, Any]) -> int:
    command = typer.main.get_command(app)
    with command.make_context("provisioner", list(arguments) or ["--help"]) as context:
        try:
            answer = command.invoke(context)
        finally:
            found.update(context.meta)  # the contexts of subcommands share it
    return answer if isinstance(answer, int) else 0


def _fail(error: ProvisionerError, arguments: Sequence[str], found: dict[str, Any]) -> int:
    """Print the error as text or JSON, and return its exit code."""
    output: Output = found.get(OUTPUT_KEY) or _early_output(arguments)
    output.hide(children.secrets(os.environ))
    try:
        if output.as_json and output.has_reader and not output.has_result:
            output.json({"error": error.as_json()})
        else:
            _print_error(output, error)
        sys.stdout.flush()
    except (OSError, UsageError):  # the streams cannot be written
        _forget_streams()
    return error.exit_code


def _print_error(output: Output, error: ProvisionerError) -> None:
    problems = getattr(error, "problems", ())  # of pool.yaml or of a source project
    if not problems:
        output.error(error.message, hint=error.hint)
        return
    if isinstance(error, ConfigError):
        from provisioner.cli.problems import print_problems

        print_problems(output, problems)
    else:
        for problem in problems:
            output.line(str(problem))
    if error.hint:
        output.hint(error.hint)


def _early_output(arguments: Sequence[str]) -> Output:
    """The output for arguments that could not be parsed completely."""
    known = list(arguments)
    options = known[: known.index("--")] if "--" in known else known
    return Output(as_json="--json" in options, color="--no-color" not in options)


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "provisioner"
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=f"see `{path} --help`")


def _forget_streams() -> None:
    """Redirect the streams to the null device, so that flushing them at exit raises no error."""
    for stream in (sys.stdout, sys.stderr):
        redirect_to_null(stream)
