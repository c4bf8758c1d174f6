"""The covering projects by name; see `projects`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.covering_deleted import DELETED
from tests.source.covering_families import FAMILIES
from tests.source.covering_ignore import IGNORE
from tests.source.covering_odd import ODD
from tests.source.covering_presets import PRESETS
from tests.source.covering_recomposed import RECOMPOSED
from tests.source.covering_refused import REFUSED
from tests.source.covering_replaced import REPLACED
from tests.source.projects import Covering

PROJECTS: Mapping[str, Covering] = {
    **FAMILIES,
    **RECOMPOSED,
    **PRESETS,
    **IGNORE,
    **REPLACED,
    **DELETED,
    **ODD,
    **REFUSED,
}
