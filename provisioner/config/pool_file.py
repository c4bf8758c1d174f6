"""The whole of `pool.yaml`: which part is read how, for a build or for a cold `claim`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode

from provisioner.config.document import Problems, Spot, compose, read_text
from provisioner.config.model import (
    DevHub,
    Pool,
    PoolFile,
    ScratchApp,
)
from provisioner.config.reader import INVALID, Reader
from provisioner.config.reading import Need, Reading
from provisioner.config.secret_variables import secret_variables
from provisioner.declare.keys import declared_keys

CLAIM_KEYS = ("reuse", "prove_after")
"""What claim and release use of a pool."""


def read_pool_file(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need,
    keys_at: datetime | None = None,
    dev_hub: DevHub | None = None,
) -> Reading:
    """Read the file at `path`; with `keys_at` the keys are opened and certificates judged.

    With `dev_hub` neither the file's Dev Hub nor its scratch app is read.

    Raises ConfigError when it is no YAML mapping.
    """
    problems = Problems(str(path))
    root = Spot(compose(read_text(path), path), "")
    reader = Reader(problems, environ=environ, directory=path.parent)
    reader.secret_variables = secret_variables(root.node, environ, path.parent)
    apps = Apps(reader, keys_at)
    reader.special = {DevHub: apps.read, ScratchApp: apps.read}
    if dev_hub is not None:
        reader.special = {DevHub: lambda _spot: dev_hub, ScratchApp: lambda _spot: None}
    made = _whole(reader, root, path) if need == "all" else _cold(reader, root, path)
    found = problems.sorted()
    if made is INVALID or any(not problem.is_warning for problem in found):
        return Reading(None, found)
    made = dataclasses.replace(made, warnings=found, secret_variables=reader.secret_variables)
    return Reading(made, found)


class Apps:
    """Reads the Dev Hub and the scratch app: their paths start at the folder of pool.yaml."""

    def __init__(self, reader: Reader, keys_at: datetime | None) -> None:
        self._reader = reader
        self._keys_at = keys_at

    def read(self, spot: Spot) -> Any:
        """A DevHub or ScratchApp, by the key that it stands under."""
        cls = DevHub if spot.path == "dev_hub" else ScratchApp
        made = self._reader.instance(cls, spot)
        if made is INVALID:
            return INVALID
        folder = self._reader.directory
        found: dict[str, Any] = {}
        if isinstance(made.private_key, Path):
            found["private_key"] = folder / made.private_key
        if made.certificate is not None:
            found["certificate"] = folder / made.certificate
        made = dataclasses.replace(made, **found)
        return made if self._keys_at is None else self._judged(made, spot, self._keys_at)

    def _judged(self, app: DevHub | ScratchApp, spot: Spot, now: datetime) -> Any:
        from provisioner.config.key_pair import certificate_beside, key_findings

        if app.certificate is None and isinstance(app.private_key, Path):
            app = dataclasses.replace(app, certificate=certificate_beside(app.private_key))
        entries = self._reader.entries(spot) or {}
        if "certificate" not in entries and "private_key" in entries:
            entries["certificate"] = entries["private_key"]
        self._reader.report_findings(key_findings(app, now), spot, entries)
        return app


def _whole(reader: Reader, root: Spot, path: Path) -> Any:
    from provisioner.config.pools import Pools

    reader.special |= Pools(reader).special
    entries = _without_extensions(reader.entries(root) or {})
    known = declared_keys(PoolFile)
    for name in entries.keys() - known.keys():
        reader.unknown_key(entries[name], name, known)
    values = reader.fields(PoolFile, root, entries)
    return reader.build(PoolFile, root, entries, values, {"path": path})


def _without_extensions(entries: Mapping[str, Spot]) -> dict[str, Spot]:
    """Keys that start with `x-` are the user's own: a place for YAML anchors."""
    return {name: spot for name, spot in entries.items() if not name.startswith("x-")}


def _cold(reader: Reader, root: Spot, path: Path) -> Any:
    entries = reader.entries(root) or {}
    app = "scratch_app" if "scratch_app" in entries else "dev_hub"
    reader.needs_file = lambda spot: spot.path == f"{app}.private_key"
    wanted = ("dev_hub", "scratch_app", "project", "ledger")
    found = {name: spot for name, spot in entries.items() if name in wanted}
    values = reader.fields(PoolFile, root, found)
    pools = entries.get("pools")
    values["pools"] = cold_pools(reader, pools) if pools else {}
    return reader.build(PoolFile, root, found, values, {"path": path})


def cold_pools(reader: Reader, spot: Spot, keys: Collection[str] = CLAIM_KEYS) -> Any:
    """The pools with what claims use of them; anything else in them may be wrong."""
    pools: dict[str, Pool] = {}
    for name, found in _entries_if_any(reader, spot).items():
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


def _entries_if_any(reader: Reader, spot: Spot) -> dict[str, Spot]:
    return (reader.entries(spot) or {}) if isinstance(spot.node, MappingNode) else {}


def _cold_size(reader: Reader, entries: Mapping[str, Spot]) -> int:
    """What status shows; a claim must not fail for it."""
    unheard = Reader(Problems(""), environ=reader.environ, directory=reader.directory)
    key = declared_keys(Pool)["size"]
    size = unheard.value(key.hint, key.option, entries["size"]) if "size" in entries else INVALID
    return 0 if size is INVALID else int(size)
