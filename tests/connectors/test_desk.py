"""The desk beyond the kit: kills, several processes and threads, and trouble with the disk."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseGone, CaseRef, Person, Rejected, Severity, Unusable
from connectors.desk import Desk, as_json

#: writes the keys it has been told are stored, one a line, until it is killed
_WRITER = """
import sys
from connectors.conformance import delivery, file_of
from connectors.desk import Desk
desk = Desk(path=sys.argv[1])
while True:
    sent = delivery(attachments=(file_of(sys.argv[2].encode() * 50),))
    desk.create(sent)
    print(sent.key, flush=True)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(path=str(tmp_path / "desk"))
    yield made
    made.close()


def test_nothing_is_made_by_building_reading_or_checking(tmp_path: Path) -> None:
    """``explain`` and ``check`` have no side effect."""
    desk = Desk(path=str(tmp_path / "desk"))
    assert (desk.cases(), desk.find(delivery()), desk.correlate(["a@b"])) == ([], None, None)
    assert {one.severity for one in desk.check()} == {Severity.OK}
    assert list(tmp_path.iterdir()) == []


def test_json_has_the_pinned_shape(desk: Desk) -> None:
    sent = delivery(
        attachments=(file_of(b"abc", "a.txt"),), fields={"priority": "High", "owner": "Bo"}, html="<p>x</p>"
    )
    desk.create(sent)
    assert json.loads(json.dumps(as_json(desk.cases()))) == {
        "cases": [
            {
                "id": "1",
                "number": "000001",
                "subject": sent.subject,
                "status": "new",
                "priority": "High",
                "owner": "Bo",
                "requester": "ann@example.com",
                "key": sent.key,
                "messages": [
                    {
                        "author": "ann@example.com",
                        "text": sent.text,
                        "html": "<p>x</p>",
                        "public": True,
                        "key": sent.key,
                        "attachments": [{"name": "a.txt", "size": 3, "sha256": sent.attachments[0].sha256}],
                    }
                ],
            }
        ]
    }


def test_numbers_grow_and_keys_outlive_their_case(desk: Desk) -> None:
    """A replay after an agent deleted the case must not open it a second time (I7)."""
    sent = delivery()
    case = desk.create(sent)
    desk.delete(case.id)
    assert desk.create(sent) == case
    assert desk.create(delivery()).number > case.number
    assert [one.id for one in desk.cases()] == ["2"]
    assert [one.deleted for one in desk.cases(deleted=True)] == [True, False]


def test_a_key_is_unique_over_cases_and_messages(desk: Desk) -> None:
    first, second = desk.create(delivery()), delivery()
    desk.append(replace(second, case=first))
    assert desk.create(second) == first
    other = desk.create(delivery())
    assert desk.append(replace(second, case=other)) == first
    assert [len(one.messages) for one in desk.cases()] == [2, 1]


def test_an_unknown_field_or_case_is_told(desk: Desk) -> None:
    with pytest.raises(Rejected, match=r"colour.*priority"):
        desk.create(delivery(fields={"colour": "red"}))
    for number in ("77", "x", "", "1; DROP TABLE cases"):
        with pytest.raises(CaseGone):
            desk.append(delivery(case=CaseRef(number, number)))


def test_eight_threads_lose_and_double_nothing(desk: Desk) -> None:
    """Group commit: every key that was promised is there, once, with its own case."""
    sent = [delivery() for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(desk.create, sent * 2))
    assert refs[:200] == refs[200:]
    assert len(set(refs)) == 200
    assert sorted(one.key for one in desk.cases()) == sorted(one.key for one in sent)


def test_reading_while_the_desk_is_being_made(tmp_path: Path) -> None:
    """There is a moment when the file is there and its tables are not."""
    for turn in range(10):
        with closing(Desk(path=str(tmp_path / str(turn)))) as desk, ThreadPoolExecutor(4) as pool:
            sent = delivery()
            looks = [pool.submit(desk.find, sent) for _ in range(8)]
            made = pool.submit(desk.create, sent)
            looks += [pool.submit(desk.find, sent) for _ in range(8)]
            assert {look.result() for look in looks} <= {None, made.result()}


def test_one_bad_write_does_not_undo_its_neighbours(desk: Desk) -> None:
    case = desk.create(delivery())
    desk.delete(case.id)
    good = [delivery() for _ in range(50)]
    with ThreadPoolExecutor(8) as pool:
        bad = [pool.submit(desk.append, delivery(case=case)) for _ in range(50)]
        kept = list(pool.map(desk.create, good))
    assert all(isinstance(one.exception(), CaseGone) for one in bad)
    assert len({one.id for one in kept}) == len(desk.cases()) == 50


def _start(folder: Path, word: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(folder), word]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_was_promised_survives_kill_9_of_two_processes(tmp_path: Path) -> None:
    """A key that was returned is on the disk, once, with its whole file; half-written files harm nothing."""
    folder = tmp_path / "desk"
    promised: list[str] = []
    for turn in range(3):
        writers = [_start(folder, f"{turn}{side}") for side in "ab"]
        promised += [writer.stdout.readline().strip() for writer in writers if writer.stdout]
        time.sleep(0.2)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            # The kill may have cut the last line.
            promised += [line for line in writer.communicate()[0].split() if len(line) == 40]
    with closing(Desk(path=str(folder))) as desk:
        cases = desk.cases()
        assert set(promised) <= {one.key for one in cases}
        assert len({one.key for one in cases}) == len(cases) > 20
        for file in (file for case in cases for message in case.messages for file in message.attachments):
            assert desk.attachment(file.sha256).stat().st_size == file.size_bytes


def test_a_file_that_differs_from_its_digest_is_kept_as_it_is(desk: Desk) -> None:
    """The digest is a claim; what is stored is named by what it is."""
    lie = replace(file_of(b"truth"), sha256="../../../etc/passwd")
    desk.create(delivery(attachments=(lie,)))
    kept = desk.cases()[0].messages[0].attachments[0]
    assert kept.sha256 == file_of(b"truth").sha256
    assert desk.attachment(kept.sha256).read_bytes() == b"truth"
    with pytest.raises(ValueError):
        desk.attachment("../../x")


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    with big.open("wb") as file:
        file.truncate(60 << 20)
    code = (
        "import resource, sys\nfrom connectors.conformance import delivery\n"
        "from connectors.contract import Attachment\n"
        "from pathlib import Path\nfrom connectors.desk import Desk\n"
        "desk = Desk(path=sys.argv[1])\ndesk.create(delivery())\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "file = Attachment(name='b', content_type='x/y', size_bytes=60 << 20, sha256='', content=Path(sys.argv[2]))\n"
        "desk.create(delivery(attachments=(file,)))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    grown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "desk"), str(big)], capture_output=True, text=True, check=True
    )
    assert int(grown.stdout) < 16


def test_a_folder_that_is_a_file_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("not a folder")
    desk = Desk(path=str(tmp_path / "desk" / "inner"))
    with pytest.raises(Unusable, match="permissions"):
        desk.create(delivery())
    with pytest.raises(Unusable, match="permissions"):
        desk.create(delivery(attachments=(file_of(b"x"),)))
    assert Severity.STOPS_MAIL in {one.severity for one in desk.check()}
    desk.close()


def test_a_broken_or_newer_database_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.db").write_bytes(b"this is no database, and it is long enough to be seen as none" * 20)
    with closing(Desk(path=str(folder))) as desk:
        with pytest.raises(Unusable, match="not a database"):
            desk.create(delivery())
        with pytest.raises(Unusable):
            desk.find(delivery())
        assert [one.severity for one in desk.check()][-1] is Severity.STOPS_MAIL
    (folder / "desk.db").unlink()
    with closing(sqlite3.connect(folder / "desk.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with closing(Desk(path=str(folder))) as desk:
        assert "newer version" in desk.check()[-1].fact
        with pytest.raises(Unusable, match="newer version"):
            desk.create(delivery())


def test_a_full_disk_is_told_and_then_forgotten(desk: Desk) -> None:
    """SQLITE_FULL, by a page limit; the next mail goes in once there is room."""
    desk.create(delivery())
    writer = desk._store._writer
    assert writer is not None
    writer.execute(f"PRAGMA max_page_count = {writer.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(Unusable, match="full"):
        desk.create(delivery(text="x" * 200_000))
    writer.execute("PRAGMA max_page_count = 1000000")
    before = len(desk.cases())
    sent = delivery()
    desk.create(sent)
    assert desk.find(sent) is not None
    assert len(desk.cases()) == before + 1


def test_the_author_of_a_further_message_is_its_own(desk: Desk) -> None:
    case = desk.create(delivery())
    desk.append(delivery(case=case, requester=Person("Ben", "ben@example.com"), public=False))
    assert [(one.author, one.public) for one in desk.cases()[0].messages] == [
        ("ann@example.com", True),
        ("ben@example.com", False),
    ]
