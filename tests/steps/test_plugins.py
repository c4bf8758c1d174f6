"""Step kinds of other distributions: what is refused, and that errors name the distribution."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from provisioner.config.load import read
from provisioner.config.schema import schema
from provisioner.declare.options import Finding, option
from provisioner.errors import SalesforceError
from provisioner.steps import kinds, step_class
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.plugins import PluginError, _loaded, plugins

HUB = """\
dev_hub:
  username: hub@acme.example
  consumer_key: 3MVG9
  private_key: a.key
pools:
  morning:
    size: 1
    definitions: [def.json]
    steps:
"""


@dataclass(frozen=True)
class Point:
    """An entry point."""

    name: str
    value: str
    found: Any = dataclasses.field(default=None, hash=False)
    version: str = "1.0"

    @property
    def dist(self) -> Any:
        return SimpleNamespace(name="acme-steps", version=self.version)

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@dataclass(frozen=True, kw_only=True)
class Ping:
    """Pings. Safe to run twice."""

    kind: ClassVar[str] = "ping"
    times: int = option("how often", default=1, minimum=1)

    def start(self, context: Any) -> Any:
        return {1: Done("pinged"), 2: None}[self.times]

    def poll(self, context: Any, state: Any) -> Any:
        raise SalesforceError("as our steps raise it")

    def read_state(self, text: str) -> Any:
        raise KeyError(text)

    def inputs(self, directory: Path) -> Iterable[bytes]:
        yield {1: b"1", 2: "no bytes"}[self.times]  # type: ignore[misc]

    def check(self, directory: Path) -> Iterable[Finding]:
        if self.times == 3:
            raise ZeroDivisionError("three")
        if self.times == 4:
            yield Finding("times", "is four")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Declares entry points."""

    def install(*points: Point) -> None:
        found: dict[str, Any] = {}
        for point in points:
            found[point.name] = (*found.get(point.name, ()), point)
        monkeypatch.setattr("provisioner.steps.plugins.plugins", lambda: found)
        _loaded.cache_clear()

    yield install
    _loaded.cache_clear()


def problems(folder: Path, step: str) -> list[str]:
    (folder / "def.json").write_text('{"edition": "Developer"}')
    (folder / "a.apex").write_text("x();")
    (folder / "a.key").touch(0o600)
    (folder / "pool.yaml").write_text(f"{HUB}      - {step}\n")
    return [one.message for one in read(folder / "pool.yaml", environ={}).errors]


def test_a_kind_of_another_distribution_is_read_and_described(
    installed: Any, tmp_path: Path
) -> None:
    installed(Point("ping", "acme:Ping", Ping))
    assert problems(tmp_path, "ping: { times: 1, retry: 0 }") == []
    assert problems(tmp_path, "ping: { tims: 1 }") == ["unknown key; did you mean times?"]
    assert problems(tmp_path, "pin: {}") == ["unknown key; did you mean ping?"]
    assert problems(tmp_path, "ping: { times: 4 }") == ["is four"]
    assert problems(tmp_path, "ping: { retry: 1 }") == [
        "ping cannot run again in an org where it has failed"
    ]
    described = schema()["$defs"]["step"]["properties"]["ping"]
    assert described["properties"]["times"]["description"] == "how often"
    assert "ping" in kinds()


NOT_FROZEN: Any = dataclass(type("Ping", (), {"kind": "ping"}))
OTHER_KIND: Any = dataclass(frozen=True)(type("Ping", (), {"kind": "pong"}))
NO_POLL: Any = dataclass(frozen=True)(type("Ping", (), {"kind": "ping", "start": Ping.start}))
REQUIRED: Any = dataclass(frozen=True)(
    type("Ping", (Ping,), {"__annotations__": {"more": "int"}, "__module__": __name__})
)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            ModuleNotFoundError("No module named 'acme'"),
            "cannot be loaded: ModuleNotFoundError: No module named 'acme'",
        ),
        (len, "is no step: acme:Ping is not a frozen dataclass"),
        (NOT_FROZEN, "is no step: acme:Ping is not a frozen dataclass"),
        (OTHER_KIND, "is no step: acme:Ping has the kind 'pong'"),
        (NO_POLL, "is no step: acme:Ping has no method poll"),
        (REQUIRED, "is no step: acme:Ping has the field more, which is not an option"),
    ],
)
def test_a_broken_kind_is_an_error_that_names_the_distribution(
    installed: Any, tmp_path: Path, found: Any, message: str
) -> None:
    installed(Point("ping", "acme:Ping", found))
    (text,) = problems(tmp_path, "ping: { times: 1 }")
    assert text.startswith(f"ping of acme-steps 1.0 {message}")
    assert schema()["$defs"]["step"]["properties"]["ping"] == {"description": text}
    assert problems(tmp_path, "run_apex: a.apex") == [], "the others are not concerned"


def test_a_kind_of_ours_cannot_be_replaced(installed: Any, tmp_path: Path) -> None:
    installed(Point("run_apex", "acme:Ping", Ping))
    assert problems(tmp_path, "run_apex: a.apex") == [
        "run_apex is a step of provisioner, and acme-steps 1.0 declares it, too; uninstall it"
    ]
    assert step_class("run_apex").__module__ == "provisioner.steps.run_apex"


def test_two_distributions_must_not_declare_the_same_kind(installed: Any, tmp_path: Path) -> None:
    installed(Point("ping", "acme:Ping", Ping), Point("ping", "b:Ping", Ping, "2.0"))
    assert problems(tmp_path, "ping: {}") == [
        "ping is a step of acme-steps 1.0 and acme-steps 2.0; uninstall one of them"
    ]


def test_what_the_methods_raise_names_the_distribution(installed: Any, tmp_path: Path) -> None:
    installed(Point("ping", "acme:Ping", Ping))
    cls: Any = step_class("ping")
    assert cls(times=1).start(None) == Done("pinged")
    with pytest.raises(StepFailed, match=r"^ping of acme-steps 1\.0: start returned NoneType in"):
        cls(times=2).start(None)
    with pytest.raises(StepFailed, match=r"^ping of acme-steps 1\.0: start raised KeyError: 3 \("):
        cls(times=3).start(None)
    with pytest.raises(StepFailed, match=r"^ping of acme-steps 1\.0: read_state raised KeyError"):
        cls().read_state("x")
    with pytest.raises(PluginError, match=r"^ping of acme-steps 1\.0: inputs raised TypeError"):
        list(cls(times=2).inputs(tmp_path))
    with pytest.raises(SalesforceError, match=r"^as our steps raise it$"):
        cls().poll(None, None)
    (text,) = problems(tmp_path, "ping: { times: 3 }")
    assert text.startswith("ping of acme-steps 1.0: check raised ZeroDivisionError: three (")
    assert cls() == cls()
    with pytest.raises(dataclasses.FrozenInstanceError):
        cls().times = 2


def test_nothing_is_installed_here() -> None:
    assert plugins() == {}
