"""Where mail waits: list, read without touching, acknowledge, idle. The only room that knows IMAP."""

from worker.mailbox.box import Mailbox
from worker.mailbox.errors import Interrupted, LoginRefused, MailboxError, Refused, Unreachable
from worker.mailbox.marking import Acknowledged
from worker.mailbox.profile import Processed, Profile
from worker.mailbox.watch import Watch

__all__ = [
    "Acknowledged",
    "Interrupted",
    "LoginRefused",
    "Mailbox",
    "MailboxError",
    "Processed",
    "Profile",
    "Refused",
    "Unreachable",
    "Watch",
]
