"""The emulated resources, one file each: path, handler and rules, in that order.

A module of this package registers its routes and rules when it is imported. To add a resource,
add a file here.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from provisioner.emulator import control


@cache
def load() -> tuple[str, ...]:
    """Import every resource, and the control plane, once; returns their module names."""
    names = [f"{__name__}.{module.name}" for module in iter_modules(__path__)]
    names += [f"{control.__name__}.{module.name}" for module in iter_modules(control.__path__)]
    for name in names:
        import_module(name)
    return tuple(names)
