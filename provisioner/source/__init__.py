"""Source format to metadata format, as the official converter does it.

`package` turns an SFDX project, or a folder that is already in metadata format, into the zip
that a deployment sends. It reads nothing outside the project and needs neither Node nor network.
"""

from provisioner.source.packaging import Package, package
from provisioner.source.problems import SourceError, SourceWarning

__all__ = ["Package", "SourceError", "SourceWarning", "package"]
