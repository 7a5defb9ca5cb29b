"""A CRM that only has an address: the mail is forwarded to it by SMTP, byte for byte."""

from connectors.forward.connector import Forward
from connectors.forward.header import LOOP_HEADER

__all__ = ["LOOP_HEADER", "Forward"]
