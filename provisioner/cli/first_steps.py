"""What has to be set up after `init`: the connected app of the Dev Hub, and the environment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from provisioner.cli.new_keys import KeyFiles

CONNECTED_APP = """\
On the Dev Hub, once:
  1. In Setup, open Dev Hub and enable it.
  2. In Setup, open App Manager and create a connected app with OAuth settings:
       callback URL            http://localhost:1717/OauthRedirect
       use digital signatures  upload {certificate}
       OAuth scopes            api, web, refresh_token / offline_access
     Since Spring '26, most Dev Hubs cannot create connected apps. There, run
     `provisioner hub app --session-from-env` in place of steps 2 and 3: it
     deploys an External Client App, grants the rights of step 4 except View
     Setup and Configuration, and prints what to write to pool.yaml.
  3. Open the app, choose Manage, then Edit Policies, and set Permitted Users
     to "Admin approved users are pre-authorized". Then add a profile or
     permission set of the user of the build. Changes can take ten minutes.
  4. Give that user these rights: API Enabled; View Setup and Configuration;
     Read, Create, Edit and Delete on Scratch Org Infos; Read, Edit and Delete
     on Active Scratch Orgs.
On this machine:
  export SF_HUB_USERNAME=…   # the user of the build
  export SF_CONSUMER_KEY=…   # on the app's page: Manage Consumer Details
{key_variable}{change_folder}  provisioner check --online
  provisioner rehearse       # a build on an emulator; needs no Dev Hub
"""


def next_steps(pair: KeyFiles | None, home: Path, variables: Mapping[str, str]) -> str:
    """The text for a pool.yaml in the folder `home`; `variables` are further ones that it reads."""
    certificate = str(pair.certificate) if pair else "the certificate (--keys DIR creates one)"
    key = (
        "" if pair else "  export SF_PRIVATE_KEY=…    # the path of the certificate's private key\n"
    )
    key += "".join(f"  export {name}=…   # {what}\n" for name, what in variables.items())
    change = "" if home == Path() else f"  cd {shlex.quote(str(home))}\n"
    return CONNECTED_APP.format(certificate=certificate, key_variable=key, change_folder=change)
