"""Keys and step kinds that are reserved for a later version.

This version reports them as not available, and not as unknown. A version that implements one
removes it from here.
"""

from __future__ import annotations

from collections.abc import Mapping

RESERVED_STEPS: frozenset[str] = frozenset()

RESERVED_STEP_KEYS: frozenset[str] = frozenset()
"""Keys of any step."""

RESERVED_OPTIONS: Mapping[str, frozenset[str]] = {}
"""Keys of one kind of step."""
