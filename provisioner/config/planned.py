"""Keys and step kinds whose form is fixed, but which this version does not have yet.

They are refused by name, so that nobody takes silence for consent. Whoever brings one in takes
it out of here.
"""

from __future__ import annotations

from collections.abc import Mapping

PLANNED_STEPS = frozenset({"install_dependencies", "create_users", "run_command"})

PLANNED_STEP_KEYS = frozenset({"when", "retry", "continue_on_error"})
"""Of any step."""

PLANNED_OPTIONS: Mapping[str, frozenset[str]] = {
    "deploy_source": frozenset({"test_level", "run_tests", "ignore_warnings"}),
    "assign_permission_sets": frozenset({"groups", "licenses", "users"}),
    "load_data": frozenset(
        {
            "csv",
            "object",
            "operation",
            "external_id",
            "max_failed_rows",
            "files",
            "snowfakery",
            "seed",
        }
    ),
}
"""Of one kind of step."""
