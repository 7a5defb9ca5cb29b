"""The least a Python mail reader can do: fetch in batches, parse with the standard library, throw away."""

from __future__ import annotations

import email
import sys

from imapclient import IMAPClient

from worker.bench.dovecot import PASSWORD

BATCH = 50


def floor(host: str, port: int, user: str) -> int:
    """Read and parse every mail of INBOX, changing nothing; the number of mails."""
    count = 0
    with IMAPClient(host, port, ssl=False) as client:
        # Otherwise every body is formatted twice for a log line that nobody reads.
        client._imap.debug = 0
        client.login(user, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        uids = client.search("ALL")
        for start in range(0, len(uids), BATCH):
            for answer in client.fetch(uids[start : start + BATCH], ["BODY.PEEK[]"]).values():
                email.message_from_bytes(answer[b"BODY[]"])
                count += 1
    return count


if __name__ == "__main__":
    print(floor(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
