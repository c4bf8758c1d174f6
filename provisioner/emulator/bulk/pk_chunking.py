"""PK chunking of Bulk API 1.0: one batch for each range of ids that a query covers.

The batch with the query is not processed; batches that follow it have the records.

Source: "PK Chunking Header" in the Bulk API 2.0 and Bulk API Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from provisioner.emulator.bulk.query import QueryJob
from provisioner.emulator.soql.evaluate import run

HEADER = "sforce-enable-pkchunking"
_DEFAULT_SIZE, _LARGEST_SIZE = 100_000, 250_000


def chunk_size(header: str) -> int | None:
    """How many records a chunk has; None where chunking is off. Raises ValueError.

    The header is TRUE, FALSE, or fields such as `chunkSize=50000; parent=Account`.
    """
    if header.strip().lower() in ("", "false"):
        return None
    fields = dict(_fields(header))
    given = fields.get("chunksize", str(_DEFAULT_SIZE))
    if not re.fullmatch(r"[0-9]{1,6}", given) or not 0 < int(given) <= _LARGEST_SIZE:
        raise ValueError(f"chunkSize must be between 1 and {_LARGEST_SIZE}: {given}")
    return int(given)


def chunks(batch: QueryJob, size: int) -> Iterator[QueryJob]:
    """Batches for the ranges of a query's records, at least one; each starts to work at once."""
    assert batch.context is not None
    count = len(run(batch.context).records)
    for start in range(0, max(count, 1), size):
        chunk = replace(batch, id=batch.org.new_id("751"), window=(start, start + size))
        chunk.close()
        yield chunk


def _fields(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()
