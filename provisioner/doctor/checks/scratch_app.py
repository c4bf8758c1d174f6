"""The key of `scratch_app` opens the orgs only: with access to the Dev Hub it protects nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.builder.connections import Connections
from provisioner.config.hub import DevHub
from provisioner.doctor.checks.certificate import certificates_of
from provisioner.doctor.checks.private_key import keys_of
from provisioner.doctor.result import Result, ok, warning
from provisioner.errors import LoginError

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.doctor.examination import Examination


def applies(config: PoolFile) -> bool:
    """Whether pool.yaml has a `scratch_app`."""
    return config.scratch_app is not None


def examine(examination: Examination) -> Iterator[Result]:
    """Its keys, and one login, which has to be refused."""
    config = examination.config
    app, hub = config.scratch_app, config.dev_hub
    assert app is not None
    keys = list(keys_of("scratch_app", app))
    yield from keys
    if any(found.error is not None for found in keys):
        return
    yield from certificates_of(examination, "scratch_app", app)
    as_scratch_app = DevHub(
        username=hub.username,
        consumer_key=app.consumer_key,
        private_key=app.private_key,
        former_key=app.former_key,
        private_key_passphrase=app.private_key_passphrase,
        login_url=hub.login_url,
    )
    only = replace(config, dev_hub=as_scratch_app, scratch_app=None)
    with Connections(only) as connections:
        try:
            connections.sign_in_to_hub()
        except LoginError as error:
            if error.is_unreachable:
                raise
            yield ok("its key cannot log in to the Dev Hub, as it should be")
        else:
            yield warning(
                f"scratch_app: its key can also log in to the Dev Hub as {hub.username}",
                "remove that user's profile and permission sets from the app, so that it opens "
                "scratch orgs only",
            )
        finally:
            examination.other_requests += connections.calls.totals()["hub"]
