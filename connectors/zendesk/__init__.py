"""Zendesk Support: cases are its tickets, messages its comments, keys its external ids and audit metadata."""

from connectors.zendesk.connector import Zendesk

__all__ = ["Zendesk"]
