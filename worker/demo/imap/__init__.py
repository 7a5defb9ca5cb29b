"""A small IMAP server over a folder of .eml files: for local development and for tests, on loopback only."""

from worker.demo.imap.faults import Action, Fault, Faults
from worker.demo.imap.server import ImapServer
from worker.demo.imap.session import Service
from worker.demo.imap.store import Store

__all__ = ["Action", "Fault", "Faults", "ImapServer", "Service", "Store"]
