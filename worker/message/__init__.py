"""Bytes to InboundMessage: the one room that knows mail-parser, and the guarded child that it works in.

What parses is in ``worker.message.reading`` and is not imported here: its libraries belong into the child alone.
"""

from worker.message.guard import Guard
from worker.message.model import InboundMessage, Source

__all__ = ["Guard", "InboundMessage", "Source"]
