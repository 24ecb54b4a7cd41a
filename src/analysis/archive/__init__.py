"""Every accepted export once, typed, without personal data, for good: immutable Parquet and one atomic manifest.

The backend only gives three months of history; what was accepted here stays, also when the export is deleted.
"""

from analysis.archive.accepting import accept
from analysis.archive.manifest import Manifest, Record, Refusal
from analysis.archive.relations import register

__all__ = ["Manifest", "Record", "Refusal", "accept", "register"]
