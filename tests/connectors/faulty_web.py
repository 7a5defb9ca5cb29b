"""Connectors that break one promise each about what comes over the wire, or does not."""

from __future__ import annotations

import dataclasses
import secrets
import threading
import urllib.request
from collections.abc import Callable, Sequence

from connectors.contract import (
    CaseRef,
    Connector,
    ConnectorError,
    Delivery,
    InDoubt,
    Request,
    Retryable,
    Throttled,
)
from connectors.http import Answer, Call, Token, json_body
from connectors.zendesk import Zendesk
from tests.connectors.hearth import Hearth


class ChecksThenActs(Zendesk):
    """Looks first and writes without a key: two at once both see nothing."""

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        send = self._http.send
        self._http.send = lambda call: send(  # type: ignore[method-assign]
            dataclasses.replace(call, headers={}, safe_to_repeat=False)
        )

    def create(self, delivery: Delivery) -> CaseRef:
        return self.find(delivery) or super().create(delivery)


class TakesDoubtForFailure(Hearth):
    """The classic: an answer that never came is read as "nothing happened"."""

    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except InDoubt as doubt:
            raise Retryable(str(doubt)) from doubt


class SendsAgainBlindly(Hearth):
    """With a key of its own making for each try."""

    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except InDoubt:
            return super().append(dataclasses.replace(delivery, key=secrets.token_hex(20)))


class StopsAllForOne(Hearth):
    """One ticket's conflict stops every mail."""

    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except Throttled:
            raise
        except Retryable as error:
            raise Throttled(str(error), 30.0) from error


class IgnoresTheWait(Hearth):
    def create(self, delivery: Delivery) -> CaseRef:
        try:
            return super().create(delivery)
        except Throttled as error:
            raise Throttled(str(error), 60.0) from error


class TellsSecrets(Hearth):
    def create(self, delivery: Delivery) -> CaseRef:
        try:
            return super().create(delivery)
        except ConnectorError as error:
            error.args = (f"{error} with client_secret={self._secret}",)
            raise


class ShowsTheLogin(Hearth):
    """What it would send, the secret included."""

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        return [Request("POST", "/login", f"client={self._client}&secret={self._secret}"), *super().preview(delivery)]


class _FilesAfterwards(Hearth):
    """The record first and its files by requests of their own: whoever dies between leaves half a message."""

    def _afterwards(self, write: Callable[[Delivery], CaseRef], delivery: Delivery) -> CaseRef:
        case = write(dataclasses.replace(delivery, attachments=()))
        for file in delivery.attachments:
            body = json_body({"file": self._upload(file)})
            self._http.send(Call(method="POST", path=f"/cases/{case.id}/files", body=body))
        return case


class AttachesToCasesAfterwards(_FilesAfterwards):
    def create(self, delivery: Delivery) -> CaseRef:
        if any(one.size_bytes > self.capabilities.max_attachment_bytes for one in delivery.attachments):
            return super().create(delivery)
        return self._afterwards(super().create, delivery)


class AttachesToMessagesAfterwards(_FilesAfterwards):
    def append(self, delivery: Delivery) -> CaseRef:
        return self._afterwards(super().append, delivery)


class _Eager:
    """A token that every thread renews for itself."""

    def __init__(self, fetch: Callable[[], Token]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._value = ""

    def header(self) -> str:
        with self._lock:
            self._value = self._value or self._fetched()
            return self._value

    def renew(self, refused: str) -> bool:
        with self._lock:
            self._value = self._fetched()
            self._value = self._fetched()
            return True

    def _fetched(self) -> str:
        return f"Bearer {self._fetch().value}"


class LogsInAgainAndAgain(Hearth):
    def __init__(self, **options: str) -> None:
        super().__init__(**options)
        self._http.auth = _Eager(self._log_in)


class FollowsRedirects(Hearth):
    """With its credentials, wherever it is sent on this machine."""

    def __init__(self, **options: str) -> None:
        super().__init__(**options)
        exchange = self._http._raw_exchange

        def follow(call: Call, authorization: str) -> Answer:
            answer = exchange(call, authorization)
            place = answer.headers.get("location", "")
            if answer.status == 307 and place.startswith("http://127."):
                request = urllib.request.Request(place, b"{}", {"Authorization": authorization})
                urllib.request.urlopen(request).close()
            return answer

        self._http._raw_exchange = follow  # type: ignore[method-assign]


#: each with the tests that must fail, and no other
FAULTY: dict[type[Connector], set[str]] = {
    ChecksThenActs: {"test_two_creates_at_once_are_one_case"},
    TakesDoubtForFailure: {
        "test_each_fault_of_an_append_is_told_apart",
        "test_an_append_cut_at_every_stage_is_one_message",
    },
    SendsAgainBlindly: {
        "test_each_fault_of_an_append_is_told_apart",
        "test_an_append_cut_at_every_stage_is_one_message",
    },
    StopsAllForOne: {"test_each_fault_of_an_append_is_told_apart"},
    IgnoresTheWait: {"test_each_fault_of_a_create_is_told_apart"},
    TellsSecrets: {"test_no_secret_is_shown"},
    ShowsTheLogin: {"test_preview_shows_no_secret"},
    AttachesToCasesAfterwards: {"test_a_create_cut_at_every_stage_is_one_case"},
    AttachesToMessagesAfterwards: {"test_an_append_cut_at_every_stage_is_one_message"},
    LogsInAgainAndAgain: {"test_a_token_that_ran_out_is_renewed_once"},
    FollowsRedirects: {"test_a_redirect_takes_no_credentials_along"},
}
