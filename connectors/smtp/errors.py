"""The one table from a reply code to the error it means."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.errors import AuthFailed, ConnectorError, InDoubt, Rejected, Retryable, Throttled, Unusable

#: how long the server is left alone when it says that it cannot now
WAIT_S = 60.0
_MAX_WORDS_CHARS = 300
#: RFC 4954 §6: no or wrong credentials, a mechanism too weak, encryption required for it
_LOGIN_REFUSED = (530, 534, 535, 538)


@dataclass(frozen=True)
class Answer:
    """A server's reply: ``stage`` is the command it answers."""

    stage: str
    code: int
    words: str


class Refused(Exception):
    """A reply that is not the one we hoped for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.stage)
        self.answer = answer


def error_of(answer: Answer, *, message: bool) -> ConnectorError:
    """What the reply means. ``message``: it concerns one message, not the server as a whole.

    | reply | means |
    |---|---|
    | 421, anywhere | Throttled: the server as a whole cannot now |
    | 530 534 535 538, or any 5xx to AUTH | AuthFailed |
    | 4xx before a message was named | Throttled |
    | 5xx before a message was named | Unusable |
    | 4xx of a message | Retryable |
    | 5xx of a message | Rejected |
    | anything else after the message was sent | InDoubt, else Retryable |
    """
    told = f"{answer.stage}: {answer.code} {answer.words}".rstrip()
    if answer.code == 421:
        return Throttled(told, WAIT_S)
    if answer.code in _LOGIN_REFUSED or (answer.stage == "AUTH" and answer.code >= 500):
        return AuthFailed(f"{told}; look at user and password")
    if 400 <= answer.code < 500:
        return Retryable(told) if message else Throttled(told, WAIT_S)
    if 500 <= answer.code < 600:
        return Rejected(told) if message else Unusable(f"{told}; look at the server's address and port")
    said = f"{told} (an answer that makes no sense there)"
    return InDoubt(said) if answer.stage == "the message" else Retryable(said)


def shown(words: bytes, *secrets: str) -> str:
    """A server's words on one line, cut, without control characters or a secret."""
    text = words[: 4 * _MAX_WORDS_CHARS].decode("utf-8", "replace")
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_MAX_WORDS_CHARS]
