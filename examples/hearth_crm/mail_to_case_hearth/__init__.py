"""A connector of mail-to-case for Hearth, a CRM that does not exist."""

from mail_to_case_hearth.connector import Hearth

__all__ = ["Hearth"]
