"""What already lies in a mailbox before the worker has ever looked: said at the first connection."""

from __future__ import annotations

import tempfile
from pathlib import Path

from worker.cli.printing import iso
from worker.mailbox import Mailbox, MailboxError
from worker.mailbox.peek import received_since
from worker.settings import MailboxSettings


def backlog(section: MailboxSettings) -> str:
    """How many messages, and the oldest; or why nobody knows. Looks only."""
    if section.password is None:
        return f"{section.password_env} is not set, so nobody knows what lies there already; `check` will tell"
    mailbox = Mailbox("new", section.model_copy(update={"processed": "seen"}), Path(tempfile.gettempdir()))
    try:
        mailbox.open()
        uids = received_since(mailbox, None)
        oldest = mailbox.describe(uids[:1])
    except MailboxError as error:
        return f"nobody knows what lies there already ({error}); `check` will tell more"
    finally:
        mailbox.close()
    if not oldest:
        return f"{section.folder} is empty"
    from_when = iso(oldest[0].received_at)
    return f"{len(uids)} messages lie in {section.folder} already, the oldest from {from_when}"
