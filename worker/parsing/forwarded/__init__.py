"""Who wrote a mail before an agent, a group or a list passed it on: evidence with a reason, never a proof (H60).

Nothing here is believed by itself. The caller asks only where a route's setting allows it, and for copied headers and
attached mails only when the mail's author is a known and authenticated agent.
"""

from worker.parsing.forwarded.nouns import Attached, Evidence, Original, PassedOn
from worker.parsing.forwarded.persons import mailbox
from worker.parsing.forwarded.reading import is_forward_subject, original_requester

__all__ = ["Attached", "Evidence", "Original", "PassedOn", "is_forward_subject", "mailbox", "original_requester"]
