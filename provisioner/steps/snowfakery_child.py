"""A program: generates the data of a Snowfakery recipe with a seed, and writes it as JSON.

`python -m provisioner.steps.snowfakery_child RECIPE SEED OUT`. It runs in a process of its own,
because the library seeds the whole process, and because recipes may run code of their own. It
writes `{"tables": [{"table", "object", "lookups"}], "rows": [{"_table", "id", …}]}`, the tables in
the order in which CumulusCI would load them. It exits with 1 and the library's message on stderr.
"""

from __future__ import annotations

import io
import json
import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def main(recipe: str, seed: str, out: str) -> None:
    """Generate the data. Raises SystemExit with a message."""
    random.seed(int(seed))
    import_module("faker").Faker.seed(int(seed))
    rows, mapping = io.StringIO(), io.StringIO()
    try:
        import_module("snowfakery").generate_data(
            recipe, output_format="json", output_file=rows, generate_cci_mapping_file=mapping
        )
    except Exception as error:  # noqa: BLE001 - a recipe may raise anything
        sys.exit(f"{type(error).__name__}: {error}")
    steps: dict[str, Any] = import_module("yaml").safe_load(mapping.getvalue()) or {}
    tables = [
        {
            "table": step["table"],
            "object": step["sf_object"],
            "lookups": {
                name: lookup["table"] for name, lookup in (step.get("lookups") or {}).items()
            },
        }
        for step in steps.values()
    ]
    found = {"tables": tables, "rows": json.loads(rows.getvalue() or "[]")}
    Path(out).write_bytes(json.dumps(found).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
