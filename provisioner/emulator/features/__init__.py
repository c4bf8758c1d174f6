"""What the features of an org definition, and its settings, add to an emulated org.

`features.txt` says what each adds to the schema; a file here for each whose records behave
differently. To add one: an entry in the table, and, where records behave differently, a file with
rules that ask `has_feature`, imported by `provisioner.emulator.application`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def has_feature(org: EmulatedOrg, name: str) -> bool:
    """Whether the org has this feature, or the settings that stand for it."""
    return name.lower() in org.enabled
