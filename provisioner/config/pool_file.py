"""Reads the parts of `pool.yaml`: all of them for a build, a few for a quick `claim`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from provisioner.config.document import Location, Problems, compose, read_text
from provisioner.config.hub import HubWithoutApp
from provisioner.config.model import (
    DevHub,
    Pool,
    PoolFile,
    ScratchApp,
)
from provisioner.config.placeholders import Placeholders
from provisioner.config.plain_secrets import plain_secrets
from provisioner.config.reader import INVALID, Reader
from provisioner.config.reading import Need, Reading
from provisioner.config.rehearsed import Rehearsed, exported, on_real_hub_only
from provisioner.config.scalars import VariableError, expand
from provisioner.config.secret_variables import secret_variables
from provisioner.config.server import Server
from provisioner.declare.keys import declared_keys

if TYPE_CHECKING:
    from provisioner.config.whole_file import FactsOf

CLAIM_KEYS = ("reuse", "prove_after", "teams", "roles")
"""The keys of a pool that claim and release use."""


def read_pool_file(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need,
    keys_at: datetime | None = None,
    rehearsed: Rehearsed | None = None,
    text: str | None = None,
    facts_of: FactsOf | None = None,
) -> Reading:
    """Read the file at `path`; with `keys_at` the keys are read and the certificates checked.

    Then equal steps are one instance, so the result is not for a build.

    With `rehearsed`, the Dev Hub, scratch app, ledger and `notify` are not read, except for secrets
    in plain text. With `text`, that text is read in place of the file.

    Raises ConfigError when the file is not a YAML mapping.
    """
    rehearsed = rehearsed or exported(environ)
    if rehearsed is not None:
        environ = environ if isinstance(environ, Placeholders) else Placeholders(environ)
        if need == "new_hub_app":
            raise on_real_hub_only("hub app")
    problems = Problems(str(path))
    root = Location(compose(read_text(path) if text is None else text, path), "")
    reader = Reader(problems, environ=environ, directory=path.parent)
    reader.refuses_secrets = need != "hub_and_ledger"  # a claim must not fail because of them
    reader.shares_checks = keys_at is not None
    reader.secret_variables = secret_variables(root.node, environ, path.parent)
    apps = Apps(reader, keys_at)
    reader.special = {DevHub: apps.read, ScratchApp: apps.read}
    if need != "server":
        reader.special[Server] = lambda location: _without_secrets(reader, location)
    whole = root
    apps.has_hub_key = need != "server" or not _has_scratch_app(root)
    if need == "new_hub_app":
        reader.special[DevHub] = apps.read_without_app
    if rehearsed is not None:
        dev_hub = rehearsed.dev_hub
        reader.special |= {DevHub: lambda _location: dev_hub, ScratchApp: lambda _location: None}
        root = _without(root, "ledger", "notify")
    if need == "new_hub_app":
        made = _hub_only(reader, root, path)
    else:
        more = {"server": ("server",), "agents": ("mcp",)}.get(need, ())
        made = _whole(reader, root, path) if need == "all" else _cold(reader, root, path, more)
    if need == "all":
        _refuse_plain_secrets(reader, whole)
        _check_whole(reader, root, made, facts_of)
    found = problems.sorted()
    if made is INVALID or any(not problem.is_warning for problem in found):
        return Reading(None, found)
    made = dataclasses.replace(made, warnings=found, secret_variables=reader.secret_variables)
    if rehearsed is not None:
        made = dataclasses.replace(made, ledger=rehearsed.ledger, time_scale=rehearsed.time_scale)
    return Reading(made, found)


def _without(root: Location, *keys: str) -> Location:
    """The document without these keys, which are then not read."""
    if not isinstance(root.node, MappingNode):
        return root
    entries = [entry for entry in root.node.value if entry[0].value not in keys]
    mark = root.node.start_mark
    return dataclasses.replace(root, node=MappingNode(root.node.tag, entries, mark))


def _has_scratch_app(root: Location) -> bool:
    entries = root.node.value if isinstance(root.node, MappingNode) else ()
    return any(key.value == "scratch_app" for key, _ in entries)


class Apps:
    """Reads the Dev Hub and the scratch app. Relative paths start at the folder of pool.yaml."""

    def __init__(self, reader: Reader, keys_at: datetime | None) -> None:
        self._reader = reader
        self._keys_at = keys_at
        self.has_hub_key = True  # False for `serve` with a scratch app: it logs in to orgs only

    def read(self, location: Location) -> Any:
        """A DevHub for the key `dev_hub`, else a ScratchApp."""
        cls = DevHub if location.path == "dev_hub" else ScratchApp
        reader = self._reader
        environ = reader.environ
        if cls is DevHub and not self.has_hub_key:
            names = secret_variables(location.node, environ, reader.directory)
            reader.environ = {**{name: f"${{{name}}}" for name in names}, **environ}
        try:
            return self._read(cls, location, reader.entries(location))
        finally:
            reader.environ = environ

    def read_without_app(self, location: Location) -> Any:
        """A HubWithoutApp. A consumer key whose variable is not set counts as absent."""
        entries = dict(self._reader.entries(location) or {})
        key = entries.get("consumer_key")
        if key is not None and isinstance(key.node, ScalarNode):
            try:
                expand(key.node.value, self._reader.environ)
            except VariableError:
                entries.pop("consumer_key")
        return self._read(HubWithoutApp, location, entries)

    def _read(self, cls: type, location: Location, entries: dict[str, Location] | None) -> Any:
        reader = self._reader
        if entries is None:
            return INVALID
        former = self._former_key(cls, entries)
        values = reader.fields(cls, location, _with_one_key(entries))
        reader.unknown_keys(cls, entries)
        made = reader.build(cls, location, entries, values, {"former_key": former})
        if made is INVALID or former is INVALID:
            return INVALID
        names = ("private_key", "former_key", "certificate")
        paths = {name: value for name in names if isinstance(value := getattr(made, name), Path)}
        found = {name: reader.directory / path for name, path in paths.items()}
        made = dataclasses.replace(made, **found)
        return made if self._keys_at is None else self._checked(made, location, self._keys_at)

    def _former_key(self, cls: type, entries: Mapping[str, Location]) -> Any:
        """The second key of `private_key: [NEW, OLD]`; None without a list."""
        written = entries.get("private_key")
        if written is None or not isinstance(written.node, SequenceNode):
            return None
        listed, key = _listed(entries), declared_keys(cls)["private_key"]
        if not 1 <= len(listed) <= key.option.most:
            message = f"the list has {len(listed)} keys; write one key, or two: [NEW, OLD]"
            self._reader.report(written, message)
            return INVALID
        return self._reader.value(key.hint, key.option, listed[1]) if len(listed) > 1 else None

    def _checked(self, app: DevHub | ScratchApp, location: Location, now: datetime) -> Any:
        from provisioner.config.key_pair import certificate_beside, key_findings

        checked = app
        if app.certificate is None and isinstance(app.private_key, Path):
            checked = dataclasses.replace(app, certificate=certificate_beside(app.private_key))
        entries = self._reader.entries(location) or {}
        if "certificate" not in entries and "private_key" in entries:
            entries["certificate"] = entries["private_key"]
        self._reader.report_findings(key_findings(checked, now), location, entries)
        return app


def _refuse_plain_secrets(reader: Reader, root: Location) -> None:
    """Report what is recognised as a secret, also below the user's own keys and in commands."""
    for found in plain_secrets(root.node):
        if not reader.problems.has_error(found.location.node):
            reader.report(found.location, found.message)


def _with_one_key(entries: Mapping[str, Location]) -> Mapping[str, Location]:
    """The entries, with the first key of `private_key: [NEW, OLD]` in place of the list."""
    listed = _listed(entries)
    return {**entries, "private_key": listed[0]} if listed else entries


def _listed(entries: Mapping[str, Location]) -> list[Location]:
    """The keys that `private_key` lists."""
    written = entries.get("private_key")
    if written is None or not isinstance(written.node, SequenceNode):
        return []
    return [written.below(number, node) for number, node in enumerate(written.node.value)]


def _whole(reader: Reader, root: Location, path: Path) -> Any:
    from provisioner.config.pools import Pools

    reader.special |= Pools(reader).special
    entries = _without_extensions(reader.entries(root) or {})
    known = declared_keys(PoolFile)
    for name in entries.keys() - known.keys():
        reader.unknown_key(entries[name], name, known)
    values = reader.fields(PoolFile, root, entries)
    return reader.build(PoolFile, root, entries, values, {"path": path})


def _check_whole(reader: Reader, root: Location, made: Any, facts_of: FactsOf | None) -> None:
    """Report what only a file without errors shows."""
    if made is not INVALID and not reader.problems.has_errors:
        from provisioner.config.whole_file import whole_findings

        entries = reader.entries(root) or {}
        reader.report_findings(whole_findings(made, facts_of), root, entries)


def _without_extensions(entries: Mapping[str, Location]) -> dict[str, Location]:
    """The entries without the user's own keys, which start with `x-` and may hold YAML anchors."""
    return {name: location for name, location in entries.items() if not name.startswith("x-")}


def _without_secrets(reader: Reader, location: Location) -> Any:
    """The part `server` without its secrets and files: only the user who serves has them."""
    environ, needs_file = reader.environ, reader.needs_file
    reader.environ, reader.needs_file = Placeholders(environ), lambda _location: False
    try:
        return reader.instance(Server, location)
    finally:
        reader.environ, reader.needs_file = environ, needs_file


def _cold(reader: Reader, root: Location, path: Path, more: Sequence[str] = ()) -> Any:
    entries = reader.entries(root) or {}
    app = "scratch_app" if "scratch_app" in entries else "dev_hub"
    needed = (f"{app}.private_key", "server.tls.")
    reader.needs_file = lambda location: location.path.startswith(needed)
    wanted = ("dev_hub", "scratch_app", "project", "ledger", *more)
    found = {name: location for name, location in entries.items() if name in wanted}
    values = reader.fields(PoolFile, root, found)
    pools = entries.get("pools")
    values["pools"] = cold_pools(reader, pools) if pools else {}
    return reader.build(PoolFile, root, found, values, {"path": path})


def _hub_only(reader: Reader, root: Location, path: Path) -> Any:
    """For a command that needs nothing but `dev_hub`."""
    entries = reader.entries(root) or {}
    found = {name: location for name, location in entries.items() if name == "dev_hub"}
    values = reader.fields(PoolFile, root, found)
    return reader.build(PoolFile, root, found, values, {"path": path})


def cold_pools(reader: Reader, location: Location, keys: Collection[str] = CLAIM_KEYS) -> Any:
    """The pools with the keys that claims use; the other keys are not checked."""
    pools: dict[str, Pool] = {}
    for name, found in _entries_if_any(reader, location).items():
        entries = _entries_if_any(reader, found)
        values = {
            key: reader.value(declared_keys(Pool)[key].hint, declared_keys(Pool)[key].option, at)
            for key, at in entries.items()
            if key in keys
        }
        if INVALID in values.values():
            return INVALID
        pools[name] = Pool(name=name, size=_cold_size(reader, entries), definitions=(), **values)
    return pools


def _entries_if_any(reader: Reader, location: Location) -> dict[str, Location]:
    return (reader.entries(location) or {}) if isinstance(location.node, MappingNode) else {}


def _cold_size(reader: Reader, entries: Mapping[str, Location]) -> int:
    """The size of a pool, for status. A wrong size is 0 and no problem: a claim must not fail."""
    silent = Reader(Problems(""), environ=reader.environ, directory=reader.directory)
    key = declared_keys(Pool)["size"]
    size = silent.value(key.hint, key.option, entries["size"]) if "size" in entries else INVALID
    return 0 if size is INVALID else int(size)
