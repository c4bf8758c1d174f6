"""One invocation of the command line: the path of pool.yaml, the output and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.children import Environment
    from provisioner.config.ledger_part import LedgerPart
    from provisioner.config.model import PoolFile
    from provisioner.config.reading import Need
    from provisioner.errors import Problem

DEFAULT_CONFIG = Path("pool.yaml")


@dataclass(frozen=True)
class Invocation:
    """The values of the global options, and the environment."""

    config: Path = DEFAULT_CONFIG
    output: Output = field(default_factory=Output)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _named: set[str] = field(default_factory=set, repr=False)  # of what is said once

    def child_environment(self) -> Environment:
        """The environment of programs that a command starts: this one without secrets."""
        from provisioner import children

        return children.environment(self.environ, self.secret_variables())

    def secret_variables(self, *others: Path) -> frozenset[str]:
        """The variables that hold the secrets of pool.yaml and, if they exist, of `others`."""
        from provisioner.config.secret_variables import variables_of_file

        names = (variables_of_file(path, self.environ) for path in (self.config, *others))
        return frozenset().union(*names)

    def load(self, need: Need = "all") -> PoolFile:
        """The pool.yaml of this invocation; prints its warnings. Raises ConfigError."""
        from provisioner.config.load import load
        from provisioner.declare.secret_values import passwords_in, secret_values

        config = load(self.config, environ=self.environ, need=need)
        self.output.hide((*secret_values(config), *passwords_in(config.ledger)))
        self.name_rehearsal()
        self._print(config.warnings)
        return config

    def load_ledger_part(self, *, for_claims: bool = True) -> LedgerPart:
        """The part of pool.yaml that the ledger needs; prints its warnings. Raises ConfigError."""
        from provisioner.config.ledger_part import load_ledger_part
        from provisioner.declare.secret_values import passwords_in

        part = load_ledger_part(self.config, environ=self.environ, for_claims=for_claims)
        self.output.hide(passwords_in(part.ledger))
        self.name_rehearsal()
        self._print(part.warnings)
        return part

    def name_rehearsal(self) -> None:
        """Say, once, that a rehearsal takes the place of the Dev Hub and the ledger."""
        from provisioner.config.rehearsed import VARIABLE

        named = self.environ.get(VARIABLE)
        if named and not self._named:
            self.output.say(
                f"Working on the rehearsal in {named}, not on the Dev Hub ({VARIABLE} is set)."
            )
            self._named.add(named)

    def _print(self, warnings: Iterable[Problem]) -> None:
        for warning in warnings:
            self.output.line(str(warning))
