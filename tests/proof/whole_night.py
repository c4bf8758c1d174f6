"""The night that the proofs disturb: every kind of step, on an emulator of its own."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.builder.night import Night
from tests.proof.data_forms import write_data
from tests.proof.ledgers import PROOF_LEDGERS, ProofLedger, SqliteProof
from tests.steps.project import SEED, metadata_folder, zipped_folder

PACKAGE = "04t000000000001AAA"
BELOW, DEPENDENCY = "04t000000000002AAA", "04t000000000003AAA"
INSTALLATION_KEY = "planted-installation-key-f3Qz"
DEPENDENCY_KEY = "planted-key-of-a-dependency-8Lm"
PERSONA = "agent"  # with a permission set and a title
MARK = "Made by the script"  # an Account that the Apex script inserts

FEW = f"""\
- install_package: {{ version: {PACKAGE}, installation_key: "${{INSTALLATION_KEY}}" }}
- deploy_source: {{ path: . }}
- assign_permission_sets: [Visit_Planner, billing__Clerk]
- load_data: {{ plan: data/sample-plan.json }}
- run_apex: {{ file: scripts/setup.apex }}
"""
"""One step of each way to continue: a request, a deploy, records, a script. Most proofs are about
what is around the steps."""

EVERY = f"""\
- install_dependencies: {{ installation_keys: {{ Ledger: "${{DEPENDENCY_KEY}}" }} }}
- install_package: {{ version: "Billing@LATEST", installation_key: "${{INSTALLATION_KEY}}" }}
- deploy_source: {{ path: . }}
- deploy_metadata: {{ zip: build/extra.zip, test_level: RunLocalTests, ignore_warnings: true }}
- create_users: {{ definitions: [config/{PERSONA}-user.json] }}
- assign_permission_sets: [Visit_Planner, billing__Clerk]
- load_data: {{ plan: data/sample-plan.json }}
- load_data: {{ csv: [data/leads.csv, data/more.csv], object: Lead }}
- run_apex: {{ file: scripts/setup.apex }}
- run_command: {{ command: [{sys.executable}, scripts/seed.py], timeout: 5m }}
"""

LEADS = {"leads.csv": range(5), "more.csv": range(5, 8)}
"""The CSV files of the night, and the numbers of their rows."""

PACKAGES: dict[str, dict[str, Any]] = {
    PACKAGE: {
        "name": "Billing",
        "namespace": "billing",
        "installation_key": INSTALLATION_KEY,
        "permission_sets": ["Clerk"],
    },
    BELOW: {"name": "Ledger", "version": "2.0.1.7", "installation_key": DEPENDENCY_KEY},
    DEPENDENCY: {"name": "Accounts", "version": "1.4.0.2", "depends_on": [BELOW]},
}

DEPENDENCIES = [{"package": "Accounts", "versionNumber": "1.4.0.LATEST"}]


class WholeNight(Night):
    """The sample project, and what shows whether each of its steps happened once."""

    def __init__(
        self,
        folder: Path,
        server: EmulatorServer,
        key: str,
        ledger: ProofLedger | None = None,
        *,
        steps: str = FEW,
    ) -> None:
        self.ledger = ledger or SqliteProof()
        self.steps = steps
        super().__init__(folder, server, key)
        self.environ["INSTALLATION_KEY"] = INSTALLATION_KEY
        project = json.loads((folder / "sfdx-project.json").read_text(encoding="utf-8"))
        project["packageDirectories"][0]["dependencies"] = DEPENDENCIES
        self.write_json("sfdx-project.json", project)
        (folder / "scripts/seed.py").write_text(SEED, encoding="utf-8")
        (folder / "build").mkdir(exist_ok=True)
        zipped_folder(metadata_folder(folder / "extra", sets=["Extra"]), folder / "build/extra.zip")
        script = f"insert new Account(Name = '{MARK}');\n"
        (folder / "scripts/setup.apex").write_text(script, encoding="utf-8")
        for name, numbers in LEADS.items():
            rows = "".join(f"Lead {number};Acme\r\n" for number in numbers)
            (folder / "data" / name).write_bytes(f"LastName;Company\r\n{rows}".encode())
        definition = {"LastName": "Agent", "Title": "Agent", "permsets": ["Visit_Planner"]}
        self.write_json(f"config/{PERSONA}-user.json", definition)
        if self.has("sfdmu"):
            write_data(folder)
        self.write_pool(size=3)
        self.ledger.install(self)

    def write_pool(
        self, *, size: int = 3, steps: str | None = None, pool: str = "", top: str = ""
    ) -> None:
        """As in Night, on this night's ledger, with this night's steps unless others are given."""
        top = f"ledger: {self.ledger.url}\n{textwrap.dedent(top)}"
        steps = self.steps if steps is None else steps
        if "DEPENDENCY_KEY" in steps:
            self.environ["DEPENDENCY_KEY"] = DEPENDENCY_KEY
        super().write_pool(size=size, steps=steps, pool=pool, top=top)

    def has(self, kind: str) -> bool:
        """Whether the steps of the night name this kind, or this key."""
        return kind in self.steps


@contextmanager
def whole_night(
    folder: Path,
    key_pair: KeyPair,
    *,
    ledger: str | ProofLedger = "sqlite",
    seed: int = 0,
    speed: float = 3000,
    steps: str = FEW,
    **latencies: float,
) -> Iterator[WholeNight]:
    """A night in `folder`, its emulator on a free port; all that it holds is released at the end.

    `ledger` is a name out of PROOF_LEDGERS, or one that was made already.
    """
    world = World(
        certificate=key_pair.certificate,
        latencies=Latencies(speed, seed=seed, overrides=latencies),
        packages=PACKAGES,
        seed=seed,
    )
    made = PROOF_LEDGERS[ledger]() if isinstance(ledger, str) else ledger
    with EmulatorServer(world) as server, closing(made):
        yield WholeNight(folder, server, key_pair.private_key, made, steps=steps)
