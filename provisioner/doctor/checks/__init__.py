"""The checks by name, in the order in which they run. A new check is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provisioner.config.model import PoolFile
from provisioner.doctor.checks import (
    allowances,
    api_version,
    certificate,
    clock,
    dev_hub,
    ledger,
    login,
    login_app,
    packages,
    private_key,
    rights,
    scratch_app,
    snapshots,
)
from provisioner.doctor.examination import Examination
from provisioner.doctor.result import Result


@dataclass(frozen=True)
class Check:
    """A check, the names of those that must have passed before it, and whether it applies."""

    examine: Callable[[Examination], Iterable[Result]]
    needs: tuple[str, ...] = ()
    applies: Callable[[PoolFile], bool] = lambda _config: True


CHECKS: Mapping[str, Check] = {
    "private_key": Check(private_key.examine),
    "certificate": Check(certificate.examine, needs=("private_key",)),
    "login": Check(login.examine),
    "clock": Check(clock.examine),
    "ledger": Check(ledger.examine),
    "api_version": Check(api_version.examine, needs=("login",)),
    "dev_hub": Check(dev_hub.examine, needs=("login", "clock")),
    "rights": Check(rights.examine, needs=("login",)),
    "login_app": Check(login_app.examine, needs=("login",)),
    "allowances": Check(allowances.examine, needs=("dev_hub",)),
    "snapshots": Check(snapshots.examine, needs=("login",), applies=snapshots.applies),
    "packages": Check(packages.examine, needs=("login",)),
    "scratch_app": Check(scratch_app.examine, needs=("login",), applies=scratch_app.applies),
}
