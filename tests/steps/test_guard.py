"""The guarded child: hostile mail ends it and nothing else; a signal to everybody is no mail's fault (H20, M26, P3)."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.steps.letters import HEADER, MAILS, multipart, read, source
from worker.message import Guard
from worker.message.guard import GuardError
from worker.message.wire import NoMessageError, pack_message, unpack_message

ROOT = Path(__file__).parents[2]
PLAIN = HEADER + b"\r\nhello"
FORBIDDEN = {"sqlalchemy", "pydantic", "rich", "structlog", "imapclient", "httpx2", "typer", "asyncio", "ssl"}
ORPHAN = """
import os, sys
from tests.steps.letters import HEADER, source
from worker.message import Guard
guard = Guard()
guard.parse(source(HEADER + b"\\r\\nx"))
print(guard.pids()[0], flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def guard():
    made = Guard(wall_limit_s=5)
    made.parse(source(PLAIN))
    yield made
    made.close()


def pid_of(guard: Guard) -> int:
    (pid,) = guard.pids()
    return pid


def lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def interrupted(guard: Guard, signal_number: int, mail: bytes = PLAIN):
    """Parse while the child gets a signal before it can answer."""
    pid = pid_of(guard)
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(guard.parse, source(mail))
        time.sleep(0.05)
        os.kill(pid, signal_number)
        os.kill(pid, signal.SIGCONT)
        return answer.result(20)


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_the_child_reads_as_we_do(path, shared_guard):
    mail = path.read_bytes()
    assert shared_guard.parse(source(mail)) == read(mail)


@pytest.fixture(scope="module")
def shared_guard():
    made = Guard()
    yield made
    made.close()


def test_big_attachments_become_files_in_the_spool(guard, tmp_path):
    body = os.urandom(2_000_000)
    mail = multipart(b"\r\nhello", b"Content-Type: a/b; name=x\r\n\r\n" + body)
    (attached,) = guard.parse(source(mail), tmp_path).attachments
    assert isinstance(attached.content, Path)
    assert attached.content.parent == tmp_path
    assert attached.content.read_bytes() == body


def test_a_mail_in_a_file_is_not_sent_through_the_pipe(guard, tmp_path):
    spooled = tmp_path / "mail"
    spooled.write_bytes(PLAIN)
    assert guard.parse(source(spooled)) == read(PLAIN)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_p3_a_signal_to_the_group_is_not_the_mails_fault(guard, name):
    before = pid_of(guard)
    assert interrupted(guard, getattr(signal, name)) == read(PLAIN)
    assert pid_of(guard) != before


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGXCPU", "SIGBUS"])
def test_h20_a_mail_that_ends_the_child_is_told_by_its_header(guard, name):
    before = pid_of(guard)
    message = interrupted(guard, getattr(signal, name))
    assert message.error
    assert (message.author.address, message.subject) == ("ann@example.com", "Order")
    assert message.attachments[0].content == PLAIN
    assert guard.parse(source(PLAIN)).error is None
    assert not lives(before)


def test_a_child_that_died_while_idle_is_replaced(guard):
    os.kill(pid_of(guard), signal.SIGTERM)
    assert guard.parse(source(PLAIN)) == read(PLAIN)


def test_a_mail_that_takes_too_long_is_given_up():
    made = Guard(wall_limit_s=0.5)
    try:
        made.parse(source(PLAIN))
        stopped = pid_of(made)
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        message = made.parse(source(PLAIN))
        assert time.monotonic() - began < 3
        assert message.error == "reading took longer than 0.5 s"
        assert not lives(stopped)
        assert made.parse(source(PLAIN)).error is None
    finally:
        made.close()


def test_a_mail_that_needs_too_much_memory_is_given_up():
    """M26, I14: the limit holds in the child, and the parent goes on."""
    made = Guard(memory_limit_bytes=96 * 1024 * 1024)
    try:
        message = made.parse(source(HEADER + b"\r\n" + b"x" * 90_000_000))
        assert message.error
        assert message.subject == "Order"
        assert made.parse(source(PLAIN)).error is None
    finally:
        made.close()


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
def test_a_child_that_cannot_start_is_not_the_mails_fault(program, monkeypatch):
    monkeypatch.setattr(sys, "executable", program)
    made = Guard()
    with pytest.raises(GuardError, match="start"):
        made.parse(source(PLAIN))
    made.close()


def test_many_threads_share_few_children():
    made = Guard(size=2)
    mails = [HEADER + b"\r\nmail %d" % number for number in range(60)]
    try:
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda mail: made.parse(source(mail)).text, mails))
        assert texts == [f"mail {number}" for number in range(60)]
        assert 1 <= len(made.pids()) <= 2
    finally:
        made.close()


def test_closing_ends_the_child_and_refuses_more():
    made = Guard()
    made.parse(source(PLAIN))
    pid = pid_of(made)
    made.close()
    made.close()
    assert not lives(pid)
    with pytest.raises(GuardError, match="closed"):
        made.parse(source(PLAIN))


def test_the_child_ends_with_its_parent():
    """A parent killed with -9 leaves no child behind."""
    result = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while lives(int(result.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not lives(int(result.stdout))


def test_the_child_holds_no_secret_no_socket_and_little_memory(monkeypatch):
    """I18: what we know does not reach the process that reads strangers' octets."""
    monkeypatch.setenv("SUPPORT_PASSWORD", "canary-4711")
    made = Guard()
    try:
        for path in sorted(MAILS.glob("*.eml")):
            made.parse(source(path.read_bytes()))
        process = Path(f"/proc/{pid_of(made)}")
        assert b"canary-4711" not in (process / "environ").read_bytes()
        assert not [link for link in (process / "fd").iterdir() if "socket" in str(link.readlink())]
        resident_kb = int((process / "status").read_text().split("VmHWM:")[1].split()[0])
        assert resident_kb < 45 * 1024
    finally:
        made.close()


def test_the_child_imports_only_what_reading_needs():
    command = [sys.executable, "-c", "import sys, worker.message.child; print(*sys.modules)"]
    loaded = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    assert not FORBIDDEN & set(loaded)


def test_the_parent_does_not_load_what_reads_strangers_octets():
    command = [sys.executable, "-c", "import sys, worker.message, worker.classify; print(*sys.modules)"]
    loaded = set(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.split())
    assert "worker.message.guard" in loaded
    assert not {"mailparser", "nh3", "selectolax", "tnefparse", "charset_normalizer"} & loaded


@dataclass(frozen=True)
class _Named:
    """Stands for a path whose last component a child made up."""

    name: str


class _Evil:
    def __reduce__(self):
        return (os.system, ("true",))


@pytest.mark.parametrize("value", [_Evil(), threading.Lock, "text"])
def test_h40_only_messages_are_rebuilt(value):
    with pytest.raises(NoMessageError):
        unpack_message(pickle.dumps(value), source(PLAIN), None)


@pytest.mark.parametrize("name", ["../mail", "/etc/passwd", "", ".", ".."])
def test_h40_the_child_cannot_point_at_a_file_outside_the_spool(name, tmp_path):
    told = read(multipart(b"\r\nhello", b"Content-Type: a/b; name=x\r\n\r\n" + b"x" * 2_000_000), tmp_path)
    (attached,) = told.attachments
    kept = replace(attached, content=tmp_path / "part")
    assert unpack_message(pack_message(replace(told, attachments=(kept,))), source(PLAIN), tmp_path).attachments == (
        kept,
    )
    packed = pack_message(replace(told, attachments=(replace(attached, content=_Named(name)),)))
    with pytest.raises(NoMessageError):
        unpack_message(packed, source(PLAIN), tmp_path)


def test_d3_a_spool_that_cannot_be_written_is_not_the_mails_fault(tmp_path: Path) -> None:
    raw = (
        b"From: a@x.org\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"
        + b"QUFB" * 600_000
    )
    with closing(Guard()) as guard:
        with pytest.raises(GuardError, match="no mail can be read"):
            guard.parse(source(raw), tmp_path / "gone")
        assert guard.parse(source(raw), tmp_path).attachments
