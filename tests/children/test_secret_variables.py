"""The variables that pool.yaml takes its secrets from are known, however little of it is read."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.model import PoolFile
from provisioner.config.secret_variables import _SECRET_KEY, variables_of_file
from provisioner.declare.keys import declared_keys
from provisioner.declare.secret import Secret
from provisioner.steps import STEPS, step_class

POOL_YAML = """
dev_hub:
  username: ${HUB_USER}
  consumer_key: ${SF_CONSUMER_KEY}
  private_key: ${HUB_KEY}
  private_key_passphrase: ${HUB_PASSPHRASE}
scratch_app: { consumer_key: ${SECOND}, private_key: ${SECOND_KEY} }
ledger: postgresql://pools:${LEDGER_PASSWORD}@db/pools
x-keys: { billing: &billing "${BILLING_KEY}" }
server: { sign_in: { client_secret: "${OIDC_SECRET}" } }
notify: { webhook: "${SLACK_WEBHOOK}" }
pools:
  morning:
    definitions: [ "${FOLDER}/def.json" ]
    steps:
      - install_package: { version: "${VERSION}", installation_key: "${INSTALLATION_KEY}" }
      - install_package: { version: 04t000000000001AAA, installation_key: *billing }
      - install_dependencies: { installation_keys: { Billing: "a${OTHER_KEY}b", Free: "$${NOT}" } }
"""


def variables(folder: Path, text: str, **environ: str) -> set[str]:
    (folder / "pool.yaml").write_text(text)
    return set(variables_of_file(folder / "pool.yaml", environ))


def test_every_secret_of_the_file_is_found_and_nothing_else(tmp_path: Path) -> None:
    assert variables(tmp_path, POOL_YAML) == {
        *("HUB_KEY", "HUB_PASSPHRASE", "SECOND_KEY", "LEDGER_PASSWORD", "OIDC_SECRET"),
        *("SLACK_WEBHOOK", "INSTALLATION_KEY", "BILLING_KEY", "OTHER_KEY"),
    }


def test_a_variable_with_the_path_of_a_key_is_not_a_secret(tmp_path: Path) -> None:
    (tmp_path / "hub.key").touch()
    text = "dev_hub: { private_key: ${KEY} }"
    assert variables(tmp_path, text, KEY="hub.key") == set()
    assert variables(tmp_path, text, KEY=str(tmp_path / "hub.key")) == set()
    assert variables(tmp_path, text, KEY="-----BEGIN PRIVATE KEY-----\nMII") == {"KEY"}


def test_the_path_of_a_ledger_file_is_not_a_secret(tmp_path: Path) -> None:
    assert variables(tmp_path, "ledger: sqlite:///${STATE}/ledger.db") == set()
    assert variables(tmp_path, "ledger: ${LEDGER}") == {"LEDGER"}


@pytest.mark.parametrize("text", ["", "[", "- a", "a: &a [*a]", "a: &a { token: *a }"])
def test_a_file_that_is_not_a_pool_file_has_no_secret_variables(tmp_path: Path, text: str) -> None:
    assert variables(tmp_path, text) == set()
    assert variables_of_file(tmp_path / "absent.yaml", {}) == frozenset()


def secret_keys(cls: type) -> Iterator[str]:
    """The names of the keys that a class declares as secrets, and those of the classes in it."""
    for key in declared_keys(cls).values():
        for part in parts(key.hint):
            if part is Secret:
                yield key.name
            elif dataclasses.is_dataclass(part) and isinstance(part, type):
                yield from secret_keys(part)


def parts(hint: Any) -> Iterator[Any]:
    yield hint
    for argument in typing.get_args(hint):
        yield from parts(argument)


def test_every_key_that_is_declared_as_a_secret_has_a_name_that_says_so() -> None:
    classes: list[type] = [PoolFile, *map(step_class, STEPS)]
    names = [name for cls in classes for name in secret_keys(cls)]
    assert {"private_key", "private_key_passphrase", "installation_key"} <= set(names)
    assert [name for name in names if not _SECRET_KEY.search(name)] == []
