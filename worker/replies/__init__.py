"""The automatic answer: to people, at most once, never to a machine (RFC 3834)."""

from worker.replies.office import Office, findings, open_office
from worker.replies.post import Post
from worker.replies.respond import Answered, Occasion, reply_key, respond
from worker.replies.rules import Decision, decide

__all__ = [
    "Answered",
    "Decision",
    "Occasion",
    "Office",
    "Post",
    "decide",
    "findings",
    "open_office",
    "reply_key",
    "respond",
]
