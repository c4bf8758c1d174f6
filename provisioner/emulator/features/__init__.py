"""What the features and settings of an org definition add to an emulated org.

`features.txt` lists what each feature adds to the schema. A feature that changes the behaviour of
records has a file here with rules that call `has_feature`; `provisioner.emulator.application`
imports it. To add a feature, add an entry to the table and, if needed, such a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def has_feature(org: EmulatedOrg, name: str) -> bool:
    """Whether the org has this feature, or the settings that enable it."""
    return name.lower() in org.enabled
