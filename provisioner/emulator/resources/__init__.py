"""The emulated resources, one file each: path, handler and rules, in that order.

A module of this package registers its routes and rules when it is imported. To add a resource,
add a file here.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from provisioner.emulator import control, features


@cache
def load() -> tuple[str, ...]:
    """Import every resource, control request and feature, once; returns their module names."""
    names = [
        f"{package.__name__}.{module.name}"
        for package in (sys.modules[__name__], control, features)
        for module in iter_modules(package.__path__)
    ]
    for name in names:
        import_module(name)
    return tuple(names)
