"""The ownership tag: one line in ScratchOrgInfo.Description that marks the orgs of this project.

It names project, pool, run, definition and fingerprint, so that a lost ledger can be rebuilt from
the Dev Hub. Description is the only field of a sign-up that can be updated later without changes
to the Dev Hub (docs/reference/dev-hub.md#fields-that-can-be-written), so the time of the first
verification is written there as well, and so are the personas of the org's users.
"""

from __future__ import annotations

import hashlib
import json
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.salesforce.answer_json import read_json

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org

KEY = "provisioner"


@dataclass(frozen=True)
class OwnershipTag:
    """The origin of a sign-up."""

    project: str
    pool: str
    run: str
    definition: str
    fingerprint: str
    users: str = ""  # personas of create_users, separated by commas; their usernames follow
    ready: str = ""  # when the org was verified, ISO 8601 in UTC; "" before

    def line(self) -> str:
        """The tag as it is written in Description."""
        content = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({KEY: content}, separators=(",", ":"), ensure_ascii=True)


def tag_of(config: PoolFile, org: Org, *, ready: datetime | None = None) -> OwnershipTag:
    """The tag of one ledger row."""
    return OwnershipTag(
        project=project_identity(config),
        pool=org.pool,
        run=org.run,
        definition=org.definition,
        fingerprint=org.fingerprint,
        users=",".join(user.get("persona", "") for user in org.users),
        ready=ready.strftime("%Y-%m-%dT%H:%M:%SZ") if ready else "",
    )


def project_identity(config: PoolFile) -> str:
    """`project` of pool.yaml; by default a hash of host name, path of the file and Dev Hub user.

    With the default, orgs of another checkout or machine are never regarded as ours. Orgs are no
    longer recognised after the folder has moved.
    """
    if config.project:
        return config.project
    location = f"{socket.gethostname()}\0{config.path.resolve()}\0{config.dev_hub.username}"
    return hashlib.sha256(location.encode()).hexdigest()[:16]


def read_tag(description: str) -> OwnershipTag | None:
    """The tag in a Description; None where there is none, or an invalid one."""
    last_line = description.rstrip().rpartition("\n")[2]
    try:
        content = read_json(last_line)[KEY]
        values = {name: content.get(name, "") for name in OwnershipTag.__dataclass_fields__}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(value, str) for value in values.values()) or not values["project"]:
        return None
    return OwnershipTag(**values)
