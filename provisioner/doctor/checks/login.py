"""The Dev Hub accepts the login: at which host, with which audience, with which key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, skipped, warning
from provisioner.errors import ClockError, LoginError, UsageError

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination


def examine(examination: Examination) -> Iterator[Result]:
    """Log in, as every build does. Raises LoginError and SalesforceError."""
    connections, hub = examination.connections, examination.config.dev_hub
    try:
        client = connections.hub.client
    except UsageError as error:
        if not isinstance(error, ClockError):
            yield skipped("not checked, because the private key cannot be used")
            return
        refused = error.__context__
        why = refused.message.partition("\n")[0] if isinstance(refused, LoginError) else ""
        yield skipped(f"refused, which says nothing while the clock is wrong: {why}".rstrip(": "))
        return
    endpoint = client.session.grant.endpoint
    where = f" at {endpoint.host} with the audience {endpoint.audience}" if endpoint else ""
    yield ok(f"{hub.username}: logged in{where}")
    used = connections.hub_credentials
    if hub.former_key is not None and used is not None and used.key == hub.former_key:
        yield warning(
            "only the second private key opens the Dev Hub: its app still has the old certificate",
            "put the certificate of the first key into the app: provisioner hub app "
            "--session-from-env --rotate",
        )
