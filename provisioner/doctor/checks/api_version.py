"""The Dev Hub offers the API version of all calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, problem
from provisioner.errors import UsageError
from provisioner.salesforce.org import api_versions

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination


def examine(examination: Examination) -> Iterator[Result]:
    """Without `api_version` it is the newest, which the login has found out already."""
    asked, client = examination.config.dev_hub.api_version, examination.connections.hub.client
    if asked is None:
        yield ok(f"{client.api_version}, the newest of the Dev Hub")
        return
    offered = sorted(api_versions(client.session), key=float)
    if asked in offered:
        yield ok(f"{asked}, as pool.yaml says; the newest of the Dev Hub is {offered[-1]}")
        return
    yield problem(
        UsageError(
            f"the Dev Hub does not offer {asked}, only {offered[0]} to {offered[-1]}",
            code="api_version",
            hint=f'write api_version: "{offered[-1]}", or remove the key',
        )
    )
