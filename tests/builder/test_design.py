"""The parts of a build: one file changes rows, no part sets another, the lock is for memory."""

from __future__ import annotations

import ast
import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder import lifecycle, run
from provisioner.builder.context import BuildContext, Options
from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.emulator.world import Limits
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from provisioner.salesforce.transport import Transport
from tests.builder.night import TIME_SCALE, Night, Watcher

PACKAGE = Path(run.__file__).parent
WRITES = frozenset({"add", "intend", "restore", "move", "change", "adopt"})
LOST_ANSWER = {"do": "reset", "at": "after"}
DAILY = "The signup request failed because this organization has reached its daily limit"
STEPS = "- run_apex: { file: scripts/setup.apex }\n"


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of each file of the package."""
    for path in sorted(PACKAGE.glob("*.py")):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def test_the_package_describes_each_of_its_files_once() -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))) or ""
    described = [line.split()[0] for line in text.splitlines() if line.startswith("    ")]
    files = [name.removesuffix(".py") for name, _ in trees() if name != "__init__.py"]
    assert sorted(described) == sorted(files)


# --- one file changes rows ----------------------------------------------------------------


def is_ledger(node: ast.expr) -> bool:
    """`ledger`, `self._ledger`, `context.ledger`."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("ledger", "_ledger")


def ledger_writes(tree: ast.Module) -> list[str]:
    """The methods of a ledger that change rows and are used in a file, called or not."""
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return [node.attr for node in used if node.attr in WRITES and is_ledger(node.value)]


def test_only_the_lifecycle_changes_rows_of_the_ledger() -> None:
    """Deletions and repairs are upkeep's, and are called with the ledger."""
    writers = {name for name, tree in trees() if ledger_writes(tree)}
    assert writers == {"lifecycle.py"}


def test_each_transition_is_in_the_table_and_says_from_and_to() -> None:
    table = lifecycle.__doc__ or ""
    methods = inspect.getmembers(OrgLifecycle, inspect.isfunction)
    writing = [
        (name, method)
        for name, method in methods
        if not name.startswith("_")
        and any(call in inspect.getsource(method) for call in ("._move(", "._change(", "._ledger."))
        and name != "current"
    ]
    assert len(writing) >= 12
    for name, method in writing:
        assert f"  {name}  " in table, f"{name} is not in the table"
        assert method.__doc__, name


# --- nothing is set from outside ----------------------------------------------------------


def assigned(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Object and attribute of each `object.attribute = …`."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    yield ast.unparse(part.value), part.attr


def fields(tree: ast.Module) -> set[str]:
    """The fields of the dataclasses of a module, which are plain records."""
    return {
        line.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def test_no_attribute_of_a_part_is_set_by_another_part() -> None:
    """So no callback is set after construction. Records of a file are changed in that file."""
    users = {
        "signup_poll.py": "pending_signups.py",
        "org_steps.py": "org_progress.py",
        "org_polls.py": "org_progress.py",
    }
    for name, tree in trees():
        allowed = fields(tree)
        if name in users:
            allowed |= fields(ast.parse((PACKAGE / users[name]).read_text(encoding="utf-8")))
        for owner, attribute in assigned(tree):
            is_own = owner == "self" or attribute in allowed
            assert is_own, f"{name}: {owner}.{attribute} is set from outside"


def test_the_context_of_a_build_is_frozen() -> None:
    assert BuildContext.__dataclass_params__.frozen  # type: ignore[attr-defined]


# --- the lock is for memory ---------------------------------------------------------------


class Guard:
    """Watches what is done while this thread holds the lock of the build."""

    def __init__(self) -> None:
        self.contexts: list[BuildContext] = []
        self.calls: set[str] = set()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def check(self, what: str) -> None:
        """Note a call of the ledger, the observer or the network."""
        with self._lock:
            self.calls.add(what)
            if any(context.lock._is_owned() for context in self.contexts):  # type: ignore[attr-defined]
                self.wrong.append(what)

    def wrapped(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, checked at each call."""

        def checked(*arguments: Any, **options: Any) -> Any:
            self.check(what)
            return function(*arguments, **options)

        return checked


class Checked:
    """An object whose methods are checked."""

    def __init__(self, guard: Guard, kind: str, wrapped: object) -> None:
        self._guard, self._kind, self._wrapped = guard, kind, wrapped

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        if callable(value):
            return self._guard.wrapped(f"{self._kind}.{name}", value)
        self._guard.check(f"{self._kind}.{name}")
        return value


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Guard:
    found = Guard()

    def context(**parts: Any) -> BuildContext:
        found.contexts.append(BuildContext(**parts))
        return found.contexts[-1]

    monkeypatch.setattr(run, "BuildContext", context)
    monkeypatch.setattr(Transport, "send", found.wrapped("request", Transport.send))
    return found


def guarded_build(night: Night, guard: Guard) -> tuple[int, list[str]]:
    """A build with checks; its exit code and messages."""
    config, watcher = night.config(), Watcher()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        checked: Any = Checked(guard, "ledger", ledger)
        observer: Any = Checked(guard, "observer", watcher)
        options = Options(time_scale=TIME_SCALE, seed=1)
        result = run.build(config, ["sample"], checked, observer, options)
        return result.exit_code, watcher.messages
    finally:
        ledger.close()


@pytest.mark.slow
def test_nothing_slow_happens_under_the_lock_of_the_build(
    make_night: Callable[..., Night], guard: Guard
) -> None:
    """In a renewal with a canary and swaps, with failed sign-ups, failed steps, replacements."""
    night = make_night(limits=Limits(active=6, daily=100))
    night.write_pool(size=6, steps=STEPS)
    assert guarded_build(night, guard)[0] == 0
    assert "ledger.move" in guard.calls
    night.write_pool(size=6, steps=STEPS + STEPS, pool="swap: 50%\nreplacements: 2\n")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    night.fault({"route": "sobjects.create", "nth": 3}, LOST_ANSWER)
    night.fault({"route": "tooling.executeAnonymous", "nth": 4}, LOST_ANSWER)
    code, messages = guarded_build(night, guard)
    assert not guard.wrong
    assert (code, len(night.orgs(State.AVAILABLE))) == (0, 6), messages
    assert {
        "ledger.intend",
        "ledger.orgs",
        "ledger.change",
        "request",
        "observer.org",
    } <= guard.calls
    night.write_pool(size=6, steps=f"{STEPS}- assign_permission_sets: [Misspelled]\n")
    assert guarded_build(night, guard)[0] == 6
    assert not guard.wrong
    assert "observer.message" in guard.calls


@pytest.mark.slow
def test_nothing_slow_happens_under_the_lock_when_a_limit_is_reached(
    make_night: Callable[..., Night], guard: Guard
) -> None:
    night = make_night(limits=Limits(active=40, daily=40))
    night.write_pool(size=4, steps=STEPS)
    refusal = {"do": "answer", "status": 400, "error": "LIMIT_EXCEEDED", "message": DAILY}
    night.fault({"route": "sobjects.create", "nth": 2}, refusal)
    code, messages = guarded_build(night, guard)
    assert not guard.wrong
    assert code in (4, 6), messages
