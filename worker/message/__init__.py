"""Bytes to InboundMessage: the one room that knows mail-parser, and the guarded child that it works in."""

from worker.message.guard import Guard
from worker.message.model import InboundMessage, Source
from worker.message.reading import parse

__all__ = ["Guard", "InboundMessage", "Source", "parse"]
