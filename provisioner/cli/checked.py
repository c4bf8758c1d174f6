"""What `check` has checked, so that "no problems" does not claim more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from provisioner.config.model import PoolFile
from provisioner.config.named_files import named_files
from provisioner.config.rehearsed import not_yet
from provisioner.errors import Problem
from provisioner.plain_text import quantity


@dataclass(frozen=True)
class Checked:
    """How many of each; `orgs` are the sizes of all pools, `files` also folders."""

    pools: int
    orgs: int
    definitions: int
    steps: int
    files: int

    def as_json(self) -> dict[str, int]:
        """The counts as `--json` prints them."""
        return asdict(self)


def checked(pool_file: PoolFile, *, without_secrets: bool) -> Checked:
    """The counts of a file without errors; `without_secrets` leaves the key out."""
    pools = pool_file.pools.values()
    key_files = {pool_file.directory / not_yet().private_key} if without_secrets else set()
    return Checked(
        pools=len(pools),
        orgs=sum(pool.size for pool in pools),
        definitions=sum(len(pool.definitions) for pool in pools),
        steps=sum(len(pool.steps) for pool in pools),
        files=len(named_files(pool_file) - key_files),
    )


def summary(
    pool_file: PoolFile, problems: Sequence[Problem], *, without_secrets: bool = False
) -> str:
    """The last line of a check that found nothing, or only warnings."""
    counts = checked(pool_file, without_secrets=without_secrets)
    found = quantity(len(problems), "warning") if problems else "no problems"
    files = quantity(counts.files, "file") + (", without dev_hub" if without_secrets else "")
    if not counts.pools:
        return (
            f"{pool_file.path}: {found}, but there is no pool, so `build` has nothing to do; "
            f"claim, login and status can use the file ({files} checked)"
        )
    held = f"{quantity(counts.pools, 'pool')}, {quantity(counts.orgs, 'org')} wanted"
    parts = f"{quantity(counts.definitions, 'definition')}, {quantity(counts.steps, 'step')}"
    return f"{pool_file.path}: {found} ({held}; checked {parts}, {files})"
