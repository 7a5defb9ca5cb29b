"""HubSpot: cases are its tickets, messages its logged e-mails and notes, keys a unique property on each."""

from connectors.hubspot.connector import HubSpot

__all__ = ["HubSpot"]
