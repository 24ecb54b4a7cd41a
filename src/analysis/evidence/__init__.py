"""Proof kept on disk: what is there and whose it is, whether it is complete, and a pack of it for one of the platform's forms."""

from analysis.evidence.pack import Packed, pack
from analysis.evidence.readiness import belonging, obtainable, readiness
from analysis.evidence.register import register, stamp

__all__ = ["Packed", "belonging", "obtainable", "pack", "readiness", "register", "stamp"]
