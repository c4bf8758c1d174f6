"""Step kinds of other distributions, found through the entry point group `provisioner.steps`.

They are searched for when the steps of a pool.yaml are read, and imported when one of them is used.
Whatever such a class does wrong becomes an error that names its distribution.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from provisioner.declare.keys import declared_keys
from provisioner.declare.options import Finding
from provisioner.errors import ProvisionerError, UsageError
from provisioner.steps.base import Done, Pending, Step, StepFailed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "provisioner.steps"
METHODS = ("start", "poll", "read_state", "inputs")


class PluginError(UsageError):
    """A step kind of another distribution cannot be used."""

    default_code = "step_plugin"


@cache
def plugins() -> Mapping[str, tuple[EntryPoint, ...]]:
    """The installed entry points, by the kind that they declare."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def plugin_class(kind: str, points: tuple[EntryPoint, ...]) -> type[Step]:
    """The class of a kind. Raises PluginError, which names the distribution."""
    if len(points) > 1:
        names = " and ".join(map(distribution, points))
        raise PluginError(f"{kind} is a step of {names}; uninstall one of them")
    return _loaded(kind, points[0])


def distribution(point: EntryPoint) -> str:
    """The name and the version of the distribution that declares an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"


@cache
def _loaded(kind: str, point: EntryPoint) -> type[Step]:
    owner = distribution(point)
    try:
        found = point.load()
        problem = _problem(kind, found)
    except Exception as error:
        raise PluginError(f"{kind} of {owner} cannot be loaded: {_text(error)}") from error
    if problem:
        raise PluginError(f"{kind} of {owner} is no step: {point.value} {problem}")
    return _guarded(found, f"{kind} of {owner}")


def _problem(kind: str, found: Any) -> str:
    """What is missing in a class for a step, or ""."""
    params = getattr(found, "__dataclass_params__", None)
    if not isinstance(found, type) or params is None or not params.frozen:
        return "is not a frozen dataclass"
    if getattr(found, "kind", None) != kind:
        return f"has the kind {getattr(found, 'kind', None)!r}"
    missing = [name for name in METHODS if not callable(getattr(found, name, None))]
    if missing:
        return f"has no method {missing[0]}"
    keys = declared_keys(found)
    undeclared = [
        field.name
        for field in dataclasses.fields(found)
        if field.init and field.name not in keys and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]  # fmt: skip
    return f"has the field {undeclared[0]}, which is not an option" if undeclared else ""


def _guarded(cls: type, owner: str) -> type[Step]:
    """A subclass whose methods raise only errors that name `owner`."""
    members: dict[str, Any] = {
        "__module__": cls.__module__,
        "__doc__": cls.__doc__,
        "start": _step(cls.start, owner),  # type: ignore[attr-defined]
        "poll": _step(cls.poll, owner),  # type: ignore[attr-defined]
        "read_state": _call(cls.read_state, owner, StepFailed),  # type: ignore[attr-defined]
        "inputs": _inputs(cls.inputs, owner),  # type: ignore[attr-defined]
    }
    if hasattr(cls, "check"):
        members["check"] = _check(cls.check, owner)
    return type(cls.__name__, (cls,), members)


def _call(
    method: Callable[..., Any], owner: str, error_class: type[ProvisionerError]
) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except ProvisionerError:
            raise
        except Exception as error:
            raise error_class(f"{owner}: {method.__name__} raised {_text(error)}") from error

    return call


def _step(method: Callable[..., Any], owner: str) -> Callable[..., Any]:
    call = _call(method, owner, StepFailed)

    @wraps(method)
    def checked(*arguments: Any) -> Any:
        outcome = call(*arguments)
        if not isinstance(outcome, Done | Pending):
            what = type(outcome).__name__
            text = f"{owner}: {method.__name__} returned {what} instead of Done or Pending"
            raise StepFailed(text)
        return outcome

    return checked


def _inputs(method: Callable[..., Any], owner: str) -> Callable[..., list[bytes]]:
    @wraps(method)
    def listed(*arguments: Any) -> list[bytes]:
        return [bytes(part) for part in method(*arguments)]

    return _call(listed, owner, PluginError)


def _check(method: Callable[..., Any], owner: str) -> Callable[..., Iterator[Finding]]:
    @wraps(method)
    def listed(*arguments: Any) -> list[Finding]:
        return list(method(*arguments))

    call = _call(listed, owner, PluginError)

    @wraps(method)
    def check(*arguments: Any) -> Iterator[Finding]:
        try:
            yield from call(*arguments)
        except PluginError as error:
            yield Finding("", error.message)

    return check


def _text(error: Exception) -> str:
    """The exception and where it was raised."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
