"""Which case does a message continue, and may its author write into it?"""

from worker.conversations.clues import Clue, Strength, ids_of
from worker.conversations.deciding import PARENT_PATIENCE_S, TOKEN_LIFE, Continuation, correlate
from worker.conversations.linking import link_of, participants_of

__all__ = [
    "PARENT_PATIENCE_S",
    "TOKEN_LIFE",
    "Clue",
    "Continuation",
    "Strength",
    "correlate",
    "ids_of",
    "link_of",
    "participants_of",
]
