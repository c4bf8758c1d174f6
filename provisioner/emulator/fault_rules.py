"""What a fault may say: its keys, criteria and behaviours. All problems are found at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.emulator import typed
from provisioner.emulator.known_names import unknown

KEYS = ("id", "when", "then", "times")
CRITERIA = (
    "route", "method", "path", "org", "nth", "every", "probability", "operation", "subject",
)  # fmt: skip
OPERATIONS = (
    "signup", "package_install", "deploy", "component_warning", "apex_test", "permission_set_group",
    "snapshot",
)  # fmt: skip
"""What can fail on the platform itself; the code that carries it out asks `Faults.operation`."""
BEHAVIOURS: Mapping[str, tuple[str, ...]] = {
    "answer": ("status", "error", "message", "body", "headers", "content_type", "at"),
    "reset": ("at",),
    "close": ("at",),
    "delay": ("seconds", "at"),
    "hang": ("at",),
    "hold": ("at",),
    "expire_session": ("at",),
    "pass": (),
    "error": ("error", "message"),
}
"""What a request or an operation does, and the further keys of each."""
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")

_OF_REQUESTS = ("route", "method", "path")
_ROUTES_ARE_IN = "docs/emulator.md lists the names of the routes"


@dataclass(frozen=True)
class FaultProblem:
    """What is wrong, and where: the keys and indexes that lead to it from the fault."""

    path: tuple[str | int, ...]
    message: str


def problems(spec: object, routes: Collection[str] = ()) -> Iterator[FaultProblem]:
    """The problems of a fault. Without `routes`, every name of a route is accepted."""
    if not isinstance(spec, Mapping):
        message = f"a fault must be an object with `when` and `then`, not {typed.shown(spec)}"
        yield FaultProblem((), message)
        return
    yield from _unknown_keys(spec, KEYS, "a fault")
    when = spec.get("when") or {}
    if isinstance(when, Mapping):
        yield from _criteria(when, routes)
    else:
        yield FaultProblem(("when",), f"when must be an object, not {typed.shown(when)}")
        when = {}
    yield from _wrong(("times",), typed.whole, spec.get("times", 1), "times")
    yield from _behaviours(spec.get("then"), is_operation="operation" in when)


def _unknown_keys(
    found: Mapping[str, Any], known: Collection[str], what: str, *path: str | int
) -> Iterator[FaultProblem]:
    for key in found:
        if key not in known:
            yield FaultProblem((*path, key), unknown(f"key of {what}", key, known))


def _criteria(when: Mapping[str, Any], routes: Collection[str]) -> Iterator[FaultProblem]:
    yield from _unknown_keys(when, CRITERIA, "when", "when")
    for key in ("route", "method", "path", "org", "operation", "subject"):
        yield from _wrong(("when", key), typed.text, when.get(key, ""), key)
    nth = when.get("nth", 1)
    for one in nth if isinstance(nth, list) else [nth]:
        yield from _wrong(("when", "nth"), typed.whole, one, "nth", 1)
    yield from _wrong(("when", "every"), typed.whole, when.get("every", 1), "every", 1)
    probability = when.get("probability", 0)
    yield from _wrong(("when", "probability"), typed.number, probability, "probability", 0, 1)
    yield from _names(when, routes)
    if "operation" in when:
        for key in (one for one in _OF_REQUESTS if one in when):
            message = f"{key} is of requests, and an operation is none: remove one of the two"
            yield FaultProblem(("when", key), message)


def _names(when: Mapping[str, Any], routes: Collection[str]) -> Iterator[FaultProblem]:
    """Names that nothing has, and regular expressions that are none."""
    route, operation, method = when.get("route"), when.get("operation"), when.get("method")
    if isinstance(route, str) and routes and route not in routes:
        yield FaultProblem(("when", "route"), unknown("route", route, routes, _ROUTES_ARE_IN))
    if isinstance(operation, str) and operation not in OPERATIONS:
        yield FaultProblem(("when", "operation"), unknown("operation", operation, OPERATIONS))
    if isinstance(method, str) and method.upper() not in METHODS:
        yield FaultProblem(("when", "method"), unknown("method", method, METHODS))
    for key in ("path", "subject"):
        pattern = when.get(key, "")
        try:
            re.compile(pattern if isinstance(pattern, str) else "")
        except (re.error, RecursionError, OverflowError) as error:
            message = f"`{key}` is not a valid regular expression: {error}"
            yield FaultProblem(("when", key), message)


def _behaviours(then: object, *, is_operation: bool) -> Iterator[FaultProblem]:
    behaviours = [then] if isinstance(then, Mapping) else then
    if not behaviours or not isinstance(behaviours, list):
        message = '`then` must be a behaviour, such as {"do": "reset"}, or a list of them'
        yield FaultProblem(("then",), message)
        return
    for index, behaviour in enumerate(behaviours):
        path = ("then",) if isinstance(then, Mapping) else ("then", index)
        for problem in _behaviour(behaviour, is_operation=is_operation):
            yield FaultProblem((*path, *problem.path), problem.message)


def _behaviour(behaviour: object, *, is_operation: bool) -> Iterator[FaultProblem]:
    do = behaviour.get("do") if isinstance(behaviour, Mapping) else None
    if not isinstance(behaviour, Mapping) or not isinstance(do, str) or do not in BEHAVIOURS:
        message = f"`do` must be one of {', '.join(BEHAVIOURS)}, not {typed.shown(behaviour)}"
        yield FaultProblem(("do",), message)
        return
    yield from _unknown_keys(behaviour, ("do", *BEHAVIOURS[do]), do)
    if is_operation and do not in ("error", "pass"):
        message = f"an operation can only end with `error` or `pass`: {do} is for requests"
        yield FaultProblem(("do",), message)
    elif do == "error" and not is_operation:
        message = 'error is for operations: add one to `when`, or write "do": "answer"'
        yield FaultProblem(("do",), message)
    if behaviour.get("at", "before") not in ("before", "after"):
        message = f"`at` must be `before` or `after`, not {typed.shown(behaviour['at'])}"
        yield FaultProblem(("at",), message)
    yield from _wrong(("seconds",), typed.number, behaviour.get("seconds", 1), "seconds")
    yield from _wrong(("status",), typed.whole, behaviour.get("status", 503), "status", 200, 599)
    for key in ("error", "message", "content_type"):
        yield from _wrong((key,), typed.text, behaviour.get(key) or "", key)
    yield from _headers(behaviour.get("headers") or {})


def _headers(headers: object) -> Iterator[FaultProblem]:
    if not isinstance(headers, Mapping):
        yield from _wrong(("headers",), typed.mapping, headers, "headers")
        return
    for name, value in headers.items():
        yield from _wrong(("headers", name), typed.text, value, name)


def _wrong(
    path: tuple[str | int, ...], check: Callable[..., object], *arguments: Any
) -> Iterator[FaultProblem]:
    """The problem that a check of a type or range raises."""
    try:
        check(*arguments)
    except ValueError as error:
        yield FaultProblem(path, str(error))
