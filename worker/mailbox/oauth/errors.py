"""Why there is no token, before it is known which mailbox asks."""

from __future__ import annotations


class NoToken(Exception):
    """``key`` of the oauth section to look at ("" for the section); ``str(error)`` holds no secret.

    ``later``: time may cure it; else only a person can. ``refused``: the provider said no, and is left alone a while.
    """

    def __init__(self, words: str, key: str = "", *, later: bool = False, refused: bool = False) -> None:
        super().__init__(words)
        self.key, self.later, self.refused = key, later, refused
