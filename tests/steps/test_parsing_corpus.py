"""Other projects' hard mails: read without error, quickly, and the same each time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.steps.letters import read
from worker.classify import as_json, classify

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
KEYS = (
    "file from from_name to cc reply_to subject date message_id in_reply_to references text html reply_text "
    "attachments classification reasons may_auto_respond bounce_recipients bounce_status unpacked_tnef error"
)


@pytest.mark.corpus
def test_every_mail_of_the_corpus_is_read():
    """254 mails, no error, none slower than two seconds, each one line of JSON with the keys that are promised."""
    paths = sorted(CORPUS.glob("*.eml"))
    assert len(paths) >= 254
    for path in paths:
        began = time.perf_counter()
        message = read(path.read_bytes())
        line = as_json(path.name, message, classify(message))
        assert time.perf_counter() - began < 2, path.name
        assert line["error"] is None, path.name
        assert list(line) == KEYS.split()
        assert json.loads(json.dumps(line)) == line


@pytest.mark.corpus
def test_from_file_or_from_memory_is_the_same(tmp_path):
    for path in sorted(CORPUS.glob("*.eml")):
        octets = path.read_bytes()
        if b"\n" in octets:
            assert read(path, tmp_path).identity == read(octets).identity, path.name
