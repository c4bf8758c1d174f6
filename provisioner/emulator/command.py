"""The emulator as a process: created from options, announced by one line, stopped by a signal."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from provisioner.emulator import typed
from provisioner.emulator.apps import HUB_APPS
from provisioner.emulator.behavior import Behavior, read_behavior
from provisioner.emulator.fault_file import FaultFile, FaultFileError, read_fault_file
from provisioner.emulator.input_file import read_file
from provisioner.emulator.json_offsets import location
from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.metadata.package_keys import PackageError
from provisioner.emulator.metadata.packages import checked_packages
from provisioner.emulator.scenarios import ScenarioError, fault_path
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.tls import make_tls
from provisioner.emulator.world import (
    DEFAULT_CONSUMER_KEY,
    DEFAULT_HUB_USERNAME,
    HUB_USERS,
    Limits,
    World,
)

Choice = TypeVar("Choice", bound=str)

_PACKAGES_HINT = "docs/emulator.md describes the format of the file"


class OptionError(ValueError):
    """An invalid option: the text says which one and what is wrong, `hint` what to do."""

    def __init__(self, message: str, hint: str = "see `provisioner emulator --help`") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class EmulatorOptions:
    """The options of an emulator. Files are paths; None means that none is given."""

    port: int = 0
    certificate: Path | None = None  # PEM; by default a key pair is generated
    consumer_key: str = DEFAULT_CONSUMER_KEY
    hub_username: str = DEFAULT_HUB_USERNAME
    hub_app: str = "connected"  # one of HUB_APPS
    hub_user: str = "administrator"  # one of HUB_USERS
    behavior: Sequence[str] = ()  # "refresh_rotation=off"; behavior.py has the switches
    speed: float = 1.0
    instant: bool = False
    seed: int = 0
    faults: Path | None = None  # a file, or the name of a scenario
    limits: str = ""  # "active=40,daily=80,api=100000"
    packages: Path | None = None
    tls: bool = False
    is_dev_hub: bool = True
    keys: Path | None = None  # folder for keys; by default a temporary one


def serve(
    options: EmulatorOptions,
    announce: Callable[[str], None],
    *,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or `stop`. When it is ready, `announce` gets one line of JSON.

    Raises OptionError before anything is served.
    """
    ended = stop or threading.Event()
    with _folder(options.keys) as folder, _signals(ended):
        server, line = prepare(options, folder)
        with server:
            announce(json.dumps(line))
            ended.wait()


def prepare(options: EmulatorOptions, folder: Path) -> tuple[EmulatorServer, dict[str, Any]]:
    """A server that listens but does not answer yet, and its announcement."""
    faults = _read_faults(options.faults)
    limits, packages = read_limits(options.limits), _read_packages(options.packages)
    behavior = _behavior(options.behavior)
    hub_app = _one_of("hub app", options.hub_app, HUB_APPS)
    hub_user = _one_of("hub user", options.hub_user, HUB_USERS)
    certificate, private_key = _certificate(options.certificate, folder)
    latencies = Latencies(
        options.speed, seed=options.seed, instant=options.instant, overrides=faults.latencies
    )
    try:
        world = World(
            certificate=certificate,
            consumer_key=options.consumer_key,
            hub_username=options.hub_username,
            limits=limits,
            latencies=latencies,
            packages=packages,
            is_dev_hub=options.is_dev_hub,
            hub_app=hub_app,
            hub_user=hub_user,
            behavior=behavior,
            seed=options.seed,
        )
    except ValueError as error:
        raise OptionError(f"{options.certificate}: {error}") from error
    for fault in faults.faults:
        world.faults.add(fault)
    tls = make_tls(folder) if options.tls else None
    try:
        server = EmulatorServer(world, options.port, tls.context if tls else None)
    except OSError as error:
        raise OptionError(f"cannot listen on port {options.port}: {error.strerror}") from error
    line = {
        "url": server.url,
        "consumer_key": options.consumer_key,
        "hub_username": options.hub_username,
        **({"admin_username": world.admin_username} if hub_user != "administrator" else {}),
        "private_key": str(private_key) if private_key else None,
    }
    return server, line | ({"ca": str(tls.ca)} if tls else {})


def read_limits(text: str) -> Limits:
    """Limits from `active=40,daily=80`. Raises OptionError."""
    limits, known = Limits(), [one.name for one in fields(Limits)]
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, number = part.partition("=")
        if name not in known or not number.isdigit():
            raise OptionError(
                f"limits: {part!r} must be NAME=NUMBER; the names are {', '.join(known)}"
            )
        limits = replace(limits, **{name: int(number)})
    return limits


def _behavior(texts: Sequence[str]) -> Behavior:
    try:
        return read_behavior(texts)
    except ValueError as error:
        hint = "docs/emulator.md describes the switches"
        raise OptionError(f"behavior: {error}", hint) from error


def _one_of(name: str, text: str, values: Sequence[Choice]) -> Choice:
    found = next((one for one in values if one == text), None)
    if found is None:
        raise OptionError(f"{name}: {text!r} must be one of {', '.join(values)}")
    return found


def _certificate(path: Path | None, folder: Path) -> tuple[str, Path | None]:
    """The certificate to register, and its generated key when none was given."""
    if path is None:
        pair = make_key_pair()
        return pair.certificate, pair.write(folder)
    try:
        return read_file(path).decode("ascii"), None
    except OSError as error:
        message = f"cannot read the certificate {path}: {error.strerror or error}"
        raise OptionError(message) from error
    except UnicodeDecodeError as error:
        raise OptionError(f"the certificate {path} is not in PEM format") from error


def _read_faults(named: Path | None) -> FaultFile:
    try:
        return read_fault_file(fault_path(named)) if named else FaultFile()
    except ScenarioError as error:
        raise OptionError(f"faults: {error}") from error
    except FaultFileError as error:
        hint = "docs/emulator.md describes the format of the file"
        raise OptionError(str(error), hint) from error


def _read_packages(path: Path | None) -> dict[str, dict[str, Any]] | None:
    """Package versions by 04t id; a file has these, or a list of objects with an `id`."""
    if path is None:
        return None
    text, data = _read_json(path)
    ids: list[str] = []
    if isinstance(data, list):
        try:
            ids = [typed.text(one["id"], "id") for one in data]
            data = {one["id"]: {k: v for k, v in one.items() if k != "id"} for one in data}
        except (KeyError, TypeError, ValueError) as error:
            raise OptionError(f"{path}: each package version needs an `id` (04t…)") from error
    try:
        return checked_packages(data)
    except PackageError as error:
        first, *rest = error.path
        where = [ids.index(str(first)) if ids else first, *rest]
        line, column = location(text, where)
        raise OptionError(f"{path}:{line}:{column}: {error}", _PACKAGES_HINT) from error
    except ValueError as error:
        raise OptionError(f"{path}: {error}", _PACKAGES_HINT) from error


def _read_json(path: Path) -> tuple[str, Any]:
    """The text of a file, and its value."""
    try:
        text = read_file(path).decode("utf-8-sig")
        data = json.loads(text)
    except OSError as error:
        raise OptionError(f"cannot read {path}: {error.strerror or error}") from error
    except json.JSONDecodeError as error:
        position = f"{path}:{error.lineno}:{error.colno}"
        raise OptionError(f"{position}: the file is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path}: the file is not JSON: {error}") from error
    if not isinstance(data, list | dict):
        raise OptionError(f"{path} must contain a JSON list or object")
    return text, data


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        yield wanted.absolute()
        return
    made = Path(tempfile.mkdtemp(prefix="provisioner-emulator-"))  # mode 0700
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _signals(ended: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `ended` while this lasts (in the main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(one, lambda *_: ended.set()) for one in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
