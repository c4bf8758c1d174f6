"""Whether a package is too large for Salesforce, and which of its files make it so.

Source: docs/reference/deploys.md#limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from provisioner.salesforce.deploy_body import LARGEST_UNZIPPED, LARGEST_ZIP, MOST_FILES

NAMED = 3  # files, or folders

Sizes = Mapping[str, tuple[int, int]]
"""The size of each file in the zip and uncompressed, in bytes."""


def too_large(zip_size: int, sizes: Sizes, shown: Callable[[str], str] = str) -> Iterator[str]:
    """What is too large; `shown` gives the file that people edit for a file of the package."""
    if len(sizes) > MOST_FILES:
        folders = Counter(name.partition("/")[0] for name in sizes if "/" in name)
        most = ", ".join(f"{name} ({count:,})" for name, count in folders.most_common(NAMED))
        yield (
            f"the package has {len(sizes):,} files; Salesforce accepts at most {MOST_FILES:,}; "
            f"most of them are in {most}"
        )
    unzipped = sum(size for _, size in sizes.values())
    for total, most_bytes, what, index in (
        (zip_size, LARGEST_ZIP, "as a zip", 0),
        (unzipped, LARGEST_UNZIPPED, "uncompressed", 1),
    ):
        if total > most_bytes:
            biggest = sorted((-size[index], name) for name, size in sizes.items())[:NAMED]
            named = ", ".join(f"{shown(name)} ({-size:,} bytes)" for size, name in biggest)
            yield (
                f"the package has {total:,} bytes {what}; Salesforce accepts at most "
                f"{most_bytes:,}; the biggest files are {named}"
            )
