"""What changes when one `pool.yaml` takes the place of another, without Dev Hub and ledger.

All pools are taken to be full, with orgs as the earlier file describes them. What a build of the
new file does with them is then planned as for any other ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml

from provisioner.builder.fingerprint import Contents, read_contents
from provisioner.builder.input_changes import Change, changes
from provisioner.builder.offline_packages import known_to_hub, without_hub
from provisioner.builder.planning import UNBOUNDED
from provisioner.builder.pool_preview import PoolPreview, pool_previews
from provisioner.config.document import compose, read_text
from provisioner.declare.duration import format_duration
from provisioner.ledger.base import Org, State
from provisioner.plan import plan_pools

if TYPE_CHECKING:
    from provisioner.config.model import Pool, PoolFile

NOT_COMPARED = ("name", "definitions", "steps")  # of a pool: they are compared as content
OF_THE_HUB = ("dev_hub", "scratch_app", "ledger", "project")
"""Keys whose values may be secrets: only whether they differ is said."""


@dataclass(frozen=True)
class Setting:
    """A key with another value; None where it is absent."""

    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class PoolComparison:
    """One pool of the new file, or of both."""

    preview: PoolPreview
    is_new: bool
    settings: tuple[Setting, ...]
    changes: Mapping[str, Sequence[Change]]  # by definition, where its orgs are replaced


@dataclass(frozen=True)
class Comparison:
    """What changes from one file to the other."""

    config: PoolFile  # the new file
    pools: tuple[PoolComparison, ...]
    removed: Mapping[str, int]  # pools that the new file does not have, with their sizes
    settings: tuple[Setting, ...]  # of `limits`
    sections: tuple[str, ...]  # of OF_THE_HUB, those that differ
    unknown: tuple[str, ...]  # what would have to be known for a complete comparison

    @property
    def changes_anything(self) -> bool:
        """Whether a build would sign up or delete an org because of it."""
        return any(pool.preview.changes_anything for pool in self.pools)


def compare(
    old: PoolFile, new: PoolFile, names: Sequence[str], unset: Collection[str] = ()
) -> Comparison:
    """The changes of these pools from `old` to `new`. Raises what steps raise for their inputs.

    `unset` are environment variables that both files use and that have no value.
    """
    old, new = _offline(old, names), _offline(new, names)
    both = [name for name in names if name in old.pools]
    wanted = [name for name in names if name in new.pools]
    before, after = read_contents(old, both), read_contents(new, wanted)
    now = datetime.now(UTC)
    rows = list(_full(old, both, before, now))
    plans = plan_pools(new, wanted, rows, after.fingerprints, UNBOUNDED, now)
    previews = pool_previews(new, plans, set(before.fingerprints.values()))
    return Comparison(
        config=new,
        pools=tuple(_pool(old, new, preview, before, after) for preview in previews),
        removed={name: old.pools[name].size for name in both if name not in new.pools},
        settings=tuple(_settings("limits.", old.limits, new.limits)),
        sections=tuple(_sections(old, new)),
        unknown=(*_of_packages(new, wanted), *(f"the value of ${{{n}}}" for n in sorted(unset))),
    )


def _offline(config: PoolFile, names: Sequence[str]) -> PoolFile:
    pools = {
        name: without_hub(pool, config.directory)
        for name, pool in config.pools.items()
        if name in names
    }
    return replace(config, pools=pools)


def _of_packages(config: PoolFile, names: Sequence[str]) -> list[str]:
    """What the Dev Hub alone knows about the packages of these pools."""
    return list(dict.fromkeys(one for name in names for one in known_to_hub(config.pools[name])))


def _full(
    config: PoolFile, names: Sequence[str], contents: Contents, now: datetime
) -> Iterator[Org]:
    """The orgs of full pools."""
    for plan in plan_pools(config, names, (), contents.fingerprints, UNBOUNDED, now):
        for number, creation in enumerate(plan.create):
            yield Org(
                f"{plan.pool}-{number}",
                plan.pool,
                State.AVAILABLE,
                definition=creation.definition,
                fingerprint=creation.fingerprint,
                available_at=now,
                expires_at=now + timedelta(days=config.pools[plan.pool].duration_days),
            )


def _pool(
    old: PoolFile, new: PoolFile, preview: PoolPreview, before: Contents, after: Contents
) -> PoolComparison:
    name = preview.plan.pool
    earlier = old.pools.get(name)
    found: dict[str, Sequence[Change]] = {}
    for definition in earlier.definitions if earlier else ():
        key = name, definition.name
        fingerprint, today = before.fingerprints[key], after.fingerprints.get(key)
        if today is None:
            found[definition.name] = [Change("definition", (definition.name,), how="removed")]
        elif today != fingerprint:
            found[definition.name] = changes(before.inputs[fingerprint], after.inputs[today])
    later = new.pools[name]
    settings = [*_settings("", earlier, later), *_weights(earlier, later)] if earlier else []
    return PoolComparison(preview, earlier is None, tuple(settings), found)


def _settings(prefix: str, old: Any, new: Any) -> Iterator[Setting]:
    """The keys with other values; `deadline.at` for a key below another one."""
    for key in fields(new if old is None else old) if old != new else ():
        before, after = getattr(old, key.name, None), getattr(new, key.name, None)
        if before == after or key.name in NOT_COMPARED:
            continue
        if is_dataclass(before) or is_dataclass(after):
            yield from _settings(f"{prefix}{key.name}.", before, after)
        else:
            yield Setting(prefix + key.name, _text(before), _text(after))


def _weights(old: Pool, new: Pool) -> Iterator[Setting]:
    before = {each.name: each.weight for each in old.definitions}
    after = {each.name: each.weight for each in new.definitions}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield Setting(f"weight of {name}", _text(before.get(name)), _text(after.get(name)))


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return format_duration(value)
    return None if value is None else str(value)


def _sections(old: PoolFile, new: PoolFile) -> Iterator[str]:
    before, after = _written(old), _written(new)
    yield from (key for key in OF_THE_HUB if before.get(key) != after.get(key))


def _written(config: PoolFile) -> dict[str, str]:
    """The values of the first keys of a file, as they are written; variables stay variables."""
    root = compose(read_text(config.path), config.path)
    return {key.value: yaml.serialize(value) for key, value in root.value}
