"""Keys and step kinds that are reserved for a later version.

This version reports them as not available, and not as unknown. A version that implements one
removes it from here.
"""

from __future__ import annotations

from collections.abc import Mapping

RESERVED_STEPS = frozenset({"create_users"})

RESERVED_STEP_KEYS: frozenset[str] = frozenset()
"""Keys of any step."""

RESERVED_OPTIONS: Mapping[str, frozenset[str]] = {
    "assign_permission_sets": frozenset({"groups", "licenses", "users"}),
}
"""Keys of one kind of step."""
