"""A running test mailbox, and clients of it that are closed when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.demo.raw import RawClient
from worker.demo.server import TestMailbox

Connect = Callable[..., IMAPClient]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[TestMailbox]:
    with TestMailbox(tmp_path / "mail") as running:
        yield running


@pytest.fixture
def connect(mailbox: TestMailbox) -> Iterator[Connect]:
    """Gives logged-in clients, with INBOX open; of the fixture's mailbox, unless another is given."""
    with ExitStack() as stack:

        def new(other: TestMailbox | None = None, folder: str | None = "INBOX") -> IMAPClient:
            client = IMAPClient("127.0.0.1", (other or mailbox).imap_port, ssl=False, timeout=10)
            stack.callback(_close, client)
            client.login("test", "test")
            if folder:
                client.select_folder(folder)
            return client

        yield new


def _close(client: IMAPClient) -> None:
    # The server of a fault test may have ended the connection long ago.
    with suppress(Exception):
        client.shutdown()


@pytest.fixture
def raw(mailbox: TestMailbox) -> Iterator[RawClient]:
    with RawClient(mailbox.imap_port) as client:
        yield client
