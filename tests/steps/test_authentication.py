"""What our border says of an author: read strictly, and forged ones never believed (H41, H48)."""

from __future__ import annotations

import time

import pytest

from tests.steps.letters import read
from worker.authentication import Authentication, verdict

OURS = ("mx.example.com",)
FROM = ("From", "Ann <ann@example.org>")
RECEIVED = ("Received", "from evil.example by mx.example.com with ESMTP; Sat, 21 Nov 2026 10:00:00 +0000")
PASS = "dmarc=pass header.from=example.org"


def judged(value: str, author: str = "Ann <ann@example.org>") -> Authentication:
    """With one field above the border."""
    return verdict([("Authentication-Results", value), RECEIVED, ("From", author)], OURS)


BELIEVED = {
    "dmarc": f"mx.example.com; {PASS}",
    "dmarc, without header.from": "mx.example.com; dmarc=pass",
    "version": f"mx.example.com 1; {PASS}",
    "spelling": "MX.Example.COM; DMARC = Pass  header.from = Example.ORG",
    "comments": "(a) mx.example.com (b (c) \\) ;) ; dmarc (x) = (y) pass (p=NONE; dmarc=fail) header.from=example.org",
    "quoted": 'mx.example.com; dmarc="pass" reason="all; \\"well\\"" header.from="example.org"',
    "method's version": "mx.example.com; dmarc/1=pass header.from=example.org",
    "dkim": "mx.example.com; dkim=pass header.d=example.org header.b=Ab/C+d==",
    "dkim of the domain above": "mx.example.com; dkim=pass header.i=@org.example",
    "one good signature of several": "mx.example.com; dkim=fail header.d=example.org; dkim=pass header.d=example.org",
    "spf": "mx.example.com; spf=pass smtp.mailfrom=bounce@example.org",
    "spf of a domain": "mx.example.com; spf=pass smtp.mailfrom=example.org; dmarc=none",
}


@pytest.mark.parametrize("value", BELIEVED.values(), ids=BELIEVED.keys())
def test_believed(value: str) -> None:
    author = "ann@sub.org.example" if "org.example" in value else "Ann <ann@example.org>"
    assert judged(value, author).aligned, judged(value, author).why


NOT_BELIEVED = {
    "dmarc fails": "mx.example.com; dmarc=fail header.from=example.org",
    "dmarc fails, dkim passes": "mx.example.com; dkim=pass header.d=example.org; dmarc=fail header.from=example.org",
    "fail and pass": f"mx.example.com; dmarc=fail header.from=example.org; {PASS}",
    "pass and fail": f"mx.example.com; {PASS}; dmarc=fail header.from=example.org",
    "of another domain": "mx.example.com; dmarc=pass header.from=evil.example",
    "dkim of another domain": "mx.example.com; dkim=pass header.d=evil.example",
    "dkim of a domain below": "mx.example.com; dkim=pass header.d=eve.example.org",
    "dkim of a top level": "mx.example.com; dkim=pass header.d=org",
    "dkim of nobody": "mx.example.com; dkim=pass",
    "spf of another domain": "mx.example.com; spf=pass smtp.mailfrom=eve@evil.example",
    "spf of the greeting": "mx.example.com; spf=pass smtp.helo=example.org",
    "two spf": "mx.example.com; spf=fail smtp.mailfrom=x@example.org; spf=pass smtp.mailfrom=x@example.org",
    "property carried over": "mx.example.com; dkim=pass header.d=evil.example; spf=fail header.d=example.org",
    "address with a semicolon": 'mx.example.com; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.org"@evil',
    "reason": 'mx.example.com; dmarc=none reason="dmarc=pass header.from=example.org"',
    "comment": "mx.example.com; dmarc=none (dmarc=pass header.from=example.org)",
    "nested comment": "mx.example.com; dmarc=none (a (b) ; dmarc=pass header.from=example.org)",
    "quote in a comment": 'mx.example.com; dmarc=none (" ; dmarc=pass header.from=example.org)',
    "none": "mx.example.com; none",
    "nothing": "mx.example.com",
    "another server": f"mx.evil.example; {PASS}",
    "a name that begins as ours": f"mx.example.com.evil.example; {PASS}",
    "a name that ends as ours": f"evil.mx.example.com; {PASS}",
    "our name as a comment": f"(mx.example.com) evil.example; {PASS}",
    "our name after another": f"evil.example mx.example.com; {PASS}",
    "homoglyph": f"mx.ex\u0430mple.com; {PASS}",
    "no name": f"; {PASS}",
    "unclosed quote": f'mx.example.com; reason="; {PASS}',
    "unclosed comment": f"mx.example.com; (; {PASS}",
    "closed twice": f"mx.example.com; (a)) ; {PASS}",
    "no result": "mx.example.com; dmarc; header.from=example.org",
    "loose word": "mx.example.com; dmarc=pass of header.from=example.org",
    "backslash": f"mx.example.com; \\{PASS}",
    "dmarc in words": "mx.example.com; x-dmarc=pass header.from=example.org",
    "longer than any": f"mx.example.com; {PASS} " + "x" * 20_000,
}


@pytest.mark.parametrize("value", NOT_BELIEVED.values(), ids=NOT_BELIEVED.keys())
def test_h48_not_believed(value: str) -> None:
    assert not judged(value).aligned


AUTHORS = {
    "two": "ann@example.org, eve@evil.example",
    "name is another address": '"ann@example.org" <eve@evil.example>',
    "two signs": "ann@example.org@evil.example",
    "nobody": "undisclosed:;",
    "group of two": "friends: ann@example.org, eve@evil.example;",
}


@pytest.mark.parametrize("author", AUTHORS.values(), ids=AUTHORS.keys())
def test_h56_a_from_that_is_not_exactly_one_author_is_never_believed(author: str) -> None:
    assert not judged("mx.example.com; dmarc=pass", author).aligned


def test_h56_two_from_fields_are_nobody() -> None:
    fields = [("Authentication-Results", f"mx.example.com; {PASS}"), FROM, ("From", "eve@evil.example")]
    assert not verdict(fields, OURS).aligned


REFUTED = ("dmarc=fail", "dmarc=permerror", "spf=softfail; dkim=none", "dkim=fail header.d=example.org")
NOT_REFUTED = ("dmarc=none", "spf=pass smtp.mailfrom=esp.example; dmarc=none", "spf=none; dkim=temperror", "none")


@pytest.mark.parametrize("results", REFUTED)
def test_a_failure_speaks_against_the_author(results: str) -> None:
    assert judged(f"mx.example.com; {results}").refuted


@pytest.mark.parametrize("results", NOT_REFUTED)
def test_no_result_speaks_neither_for_nor_against(results: str) -> None:
    found = judged(f"mx.example.com; {results}")
    assert (found.refuted, found.aligned) == (False, False)


class TestPlace:
    """Which of several fields is ours."""

    REAL = ("Authentication-Results", "mx.example.com; dmarc=fail header.from=example.org")
    FORGED = ("Authentication-Results", f"mx.example.com; {PASS}")

    def test_unset_nobody_is_authenticated(self) -> None:
        assert verdict([self.FORGED, FROM], ()) == Authentication()
        assert verdict([self.FORGED, FROM], ("",)) == Authentication()

    def test_what_lies_below_the_border_is_not_believed(self) -> None:
        found = verdict([RECEIVED, self.FORGED, FROM], OURS)
        assert (found.dmarc, found.aligned) == ("", False)

    def test_h48_ours_above_counts_and_not_the_forged_one_below(self) -> None:
        found = verdict([self.REAL, RECEIVED, self.FORGED, FROM], OURS)
        assert (found.dmarc, found.aligned, found.refuted) == ("fail", False, True)

    def test_a_server_that_strips_may_write_below_its_own_received(self) -> None:
        assert verdict([RECEIVED, self.FORGED, FROM], OURS, below=True).aligned

    def test_then_only_the_topmost_counts(self) -> None:
        silent = ("Authentication-Results", "mx.example.com; none")
        assert not verdict([RECEIVED, silent, self.FORGED, FROM], OURS, below=True).aligned

    def test_and_none_below_the_next_received(self) -> None:
        assert not verdict([RECEIVED, RECEIVED, self.FORGED, FROM], OURS, below=True).aligned

    def test_a_named_border_that_the_mail_did_not_pass(self) -> None:
        assert not verdict([self.FORGED, RECEIVED, FROM], OURS, border=0, below=True).aligned

    def test_several_of_ours_above_are_taken_together(self) -> None:
        more = ("Authentication-Results", "mx.example.com; dkim=pass header.d=example.org")
        assert not verdict([more, self.REAL, RECEIVED, FROM], OURS).aligned
        assert verdict([more, ("Authentication-Results", "mx.example.com; spf=fail"), RECEIVED, FROM], OURS).aligned

    def test_google_writes_below(self) -> None:
        google = ("Authentication-Results", f"mx.google.com; {PASS} (p=REJECT sp=NONE dis=NONE)")
        hop = ("Received", "by 2002:a05 with SMTP id x")
        assert verdict([hop, RECEIVED, google, FROM], ("mx.google.com",), border=1).aligned


def test_h48_encoded_words_within_stay_as_they_are() -> None:
    """Decoded, the stranger's local part would be a result of its own."""
    head = b"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=x=?utf-8?q?=3B_dmarc=3Dpass_?=@evil\r\n"
    message = read(head + b"From: ann@example.org\r\nSubject: x\r\n\r\nx\r\n")
    found = verdict(message.headers, OURS)
    assert (found.spf, found.dmarc, found.aligned) == ("pass", "", False)


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", ";", "a=b ", "(a)", " ", "=", "x"])
def test_time_is_linear(piece: str) -> None:
    started = time.perf_counter()
    for _ in range(10):
        judged("mx.example.com;" + piece * 16_000)
    assert time.perf_counter() - started < 3.0
