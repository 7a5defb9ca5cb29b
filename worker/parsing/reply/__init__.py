"""The new part of a reply: quotes, attributions, copied headers, signatures and legal notices left out.

The pass over the lines is in ``strip``, what it asks in ``attribution``, ``copied``, ``separators`` and ``tail``; the
words of each language are tables in ``verbs``, ``labels`` and ``closings``.
"""

from worker.parsing.reply.choose import MAX_LINES, new_part
from worker.parsing.reply.page import old_opening

__all__ = ["MAX_LINES", "new_part", "old_opening"]
