"""The local case desk: a real case store in SQLite, the demo's CRM and the reference connector."""

from connectors.desk.cases import DeskAttachment, DeskCase, DeskMessage, as_json
from connectors.desk.connector import Desk

__all__ = ["Desk", "DeskAttachment", "DeskCase", "DeskMessage", "as_json"]
