"""The global options, which every command accepts before and after its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.cli.invocation import DEFAULT_CONFIG, Invocation
from provisioner.output import Output

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Path of pool.yaml.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", help="Print only the result, warnings and errors.")
]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="Do not use colours.")]


TimeScaleOption = Annotated[
    float,
    typer.Option(
        "--time-scale",
        "--pace",  # the older name
        help="Factor on all waiting times, for tests.",
        min=0.0,
        hidden=True,
    ),
]


OUTPUT_KEY = "provisioner.output"
"""The key of the command's Output in the `meta` of the command line's context."""


@dataclass(frozen=True)
class Shared:
    """The global options read so far: those before the command's name, then those after it."""

    config: Path | None = None
    as_json: bool = False
    quiet: bool = False
    no_color: bool = False

    def invocation(self) -> Invocation:
        """The Invocation for a command."""
        output = Output(as_json=self.as_json, quiet=self.quiet, color=not self.no_color)
        return Invocation(self.config or DEFAULT_CONFIG, output)


_PARAMETERS = {
    "config_": ConfigOption,
    "json_": JsonOption,
    "quiet_": QuietOption,
    "no_color_": NoColorOption,
}


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with the global options added, and its parameter `call` filled from them."""
    signature = inspect.signature(function, eval_str=True)
    takes_call = "call" in signature.parameters

    def command(**values: Any) -> Any:
        context: typer.Context = values.pop("context_")
        shared = _merged(context.obj or Shared(), values)
        context.obj = shared
        call = shared.invocation()
        context.meta[OUTPUT_KEY] = call.output
        return function(**({"call": call} if takes_call else {}), **values)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        if name != "call"
    ]
    command.__signature__ = signature.replace(parameters=[*parameters, *_shared_parameters()])  # type: ignore[attr-defined]
    command.__annotations__ = {
        parameter.name: parameter.annotation
        for parameter in command.__signature__.parameters.values()  # type: ignore[attr-defined]
    }
    return command


def _shared_parameters() -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("context_", kind, annotation=typer.Context)
    options = [
        inspect.Parameter(
            name, kind, annotation=hint, default=None if hint is ConfigOption else False
        )
        for name, hint in _PARAMETERS.items()
    ]
    return [context, *options]


def _merged(earlier: Shared, values: dict[str, Any]) -> Shared:
    """`earlier` with the options after the command's name, which are removed from `values`."""
    config: Path | None = values.pop("config_")
    return replace(
        earlier,
        config=config or earlier.config,
        as_json=values.pop("json_") or earlier.as_json,
        quiet=values.pop("quiet_") or earlier.quiet,
        no_color=values.pop("no_color_") or earlier.no_color,
    )
