"""Imports all kinds, which fills the table."""

from __future__ import annotations

from provisioner.emulator.metadata.kinds import (  # noqa: F401 - they register themselves
    apex,
    custom_fields,
    custom_metadata,
    custom_objects,
    external_client_apps,
    layouts,
    permission_sets,
    record_types,
    settings,
    sites,
    test_suites,
)
from provisioner.emulator.metadata.kinds.registry import KINDS, Kind
from provisioner.emulator.metadata.kinds.stored import apply_stored


def kind_of(component_type: str) -> Kind:
    """The function that applies a type; types without rules are only stored."""
    return KINDS.get(component_type, apply_stored)
