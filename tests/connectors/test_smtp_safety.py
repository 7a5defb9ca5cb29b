"""Submitting safely: encrypted, logged in, and nothing of a mail becomes a command (I17, S4, S5, S7)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import AuthFailed, Rejected, Throttled, Unusable
from connectors.smtp import Server, Submission, address_problem, path_of, server_problem, submit
from tests.fakes.smtp_sink import SmtpSink

MAIL = b"From: ann@example.com\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


def sent(content: bytes | Path = MAIL, **changes: object) -> Submission:
    given: dict[str, object] = {
        "sender": "help@ours.example",
        "recipients": ("crm@crm.example",),
        "content": content,
    }
    return Submission(**{**given, **changes})  # type: ignore[arg-type]


def server(sink: SmtpSink, **changes: object) -> Server:
    return replace(Server.at(sink.url, password=sink.password), timeout_s=5.0, **changes)  # type: ignore[arg-type]


def test_s4_wrong_and_right_password_and_the_secret_is_not_shown() -> None:
    sink = SmtpSink(user="me@ours.example", password="pässword-secret").start()
    try:
        for password in ("wrong-secret-1", ""):
            with pytest.raises(AuthFailed) as caught:
                submit(server(sink, password=password), sent())
            assert "wrong-secret-1" not in f"{caught.value!r}{caught.value.__cause__!r}"
        sink.fail("AUTH", "535 pässword-secret is not your password")
        with pytest.raises(AuthFailed) as caught:
            submit(server(sink), sent())
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(server(sink))
        sink.fail("AUTH", "454 later")
        with pytest.raises(Throttled):
            submit(server(sink), sent())
        submit(server(sink), sent())
        assert len(sink.messages) == 1
    finally:
        sink.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    made = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    return made, file


def context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_it_is_encrypted_and_the_certificate_is_looked_at(how: str, authority: tuple[trustme.CA, Path]) -> None:
    ca, file = authority
    sink = SmtpSink(user="me", password="s3cret-word", **{how: context(ca)}).start()  # type: ignore[arg-type]
    try:
        at = replace(Server.at(sink.url, password="s3cret-word", security=how), timeout_s=5.0)  # type: ignore[arg-type]
        with pytest.raises(Unusable, match="certificate"):
            submit(at, sent())
        submit(replace(at, ca_file=file), sent())
        assert len(sink.messages) == 1
    finally:
        sink.stop()


def test_a_certificate_for_another_name_is_refused(authority: tuple[trustme.CA, Path]) -> None:
    ca, file = authority
    sink = SmtpSink(tls=context(ca, "mail.other.example")).start()
    try:
        with pytest.raises(Unusable, match="certificate"):
            submit(server(sink, ca_file=file), sent())
    finally:
        sink.stop()


def test_s5_an_offer_of_encryption_that_was_cut_out_is_not_followed(sink: SmtpSink) -> None:
    with pytest.raises(Unusable, match="no encryption"):
        submit(server(sink, security="starttls", user="me", password="s3cret-word"), sent())
    assert sink.commands == []


def test_s7_a_server_that_lacks_what_the_message_needs() -> None:
    sink = SmtpSink(without=frozenset({"8BITMIME", "SMTPUTF8"}), max_bytes=1000).start()
    try:
        with pytest.raises(Rejected, match="8BITMIME"):
            submit(server(sink), sent(MAIL + "ä".encode()))
        with pytest.raises(Rejected, match="SMTPUTF8"):
            submit(server(sink), sent(recipients=("jörg@x.example",)))
        with pytest.raises(Rejected, match="1000"):
            submit(server(sink), sent(MAIL + b"x" * 1000))
        submit(server(sink), sent())
    finally:
        sink.stop()


def test_s7_a_server_that_has_it_is_told(sink: SmtpSink) -> None:
    submit(server(sink), sent(MAIL + "ä".encode(), recipients=("jörg@müller.example",)))
    (got,) = sink.messages
    assert got.content == MAIL + "ä\r\n".encode()
    assert got.recipients == ("jörg@xn--mller-kva.example",)
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(got.options)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=20), st.text(max_size=10))
def test_i17_no_strangers_byte_becomes_syntax(local: str, domain: str) -> None:
    """Whatever the address, it is refused or fits between < and > on one line."""
    for address in (f"{local}@{domain}", f"{local}@x.example", f'"{local}"@x.example', f"a@{domain}.example"):
        if not address_problem(address):
            path = path_of(address)
            assert path.isprintable()
            assert not re.search(r"[<>]", re.sub(r'"(\\.|[^"\\])*"', "", path))
            assert " " not in path or path.startswith('"')


@pytest.mark.parametrize(
    "address", ["a\r\nRCPT TO:<v@x>@x.example", "a@x.example>\r\nDATA", "a@x\x00.example", "", "a", "a@", "@x", "a b@x"]
)
def test_i17_an_address_that_would_break_out_is_refused(sink: SmtpSink, address: str) -> None:
    for mail in (sent(recipients=(address,)), sent(sender=address or " ")):
        with pytest.raises(Rejected):
            submit(server(sink), mail)
    assert sink.commands == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://me:hunter2-pw@127.0.0.1", "environment variable"),
        ("http://x", "smtps://"),
        ("smtps://", "smtps://"),
        ("smtps://x:port", "smtps://"),
        ("smtps://x/path", "smtps://"),
        ("smtps://x\r\n", "smtps://"),
    ],
)
def test_an_address_that_cannot_be_meant(url: str, words: str) -> None:
    assert words in server_problem(url)
    with pytest.raises(ValueError) as caught:
        Server.at(url)
    assert "hunter2" not in str(caught.value)


def test_how_the_way_is_protected() -> None:
    assert Server.at("smtps://me%40x.example@h").port == 465
    assert Server.at("smtps://me@x.example@h").user == "me@x.example"
    assert Server.at("smtp://h").security == "starttls"
    assert Server.at("smtp://[::1]:25").security == "plaintext"
    assert Server.at("smtp://127.0.0.1", security="starttls").security == "starttls"
    assert "plaintext" in server_problem("smtp://mail.example", "plaintext")
    assert "does not fit" in server_problem("smtps://mail.example", "starttls")
