"""The new part of a reply: quotes, attributions, copied headers, signatures and legal notices left out.

The pass over the lines is in ``strip``, what it asks in ``attribution``, ``copied``, ``separators`` and ``tail``; the
words of each language are tables in ``verbs``, ``labels`` and ``closings``. What HTML says of it
is in ``page``, which only the guarded child loads.
"""

from worker.parsing.reply.choose import MAX_LINES, new_part

__all__ = ["MAX_LINES", "new_part"]
