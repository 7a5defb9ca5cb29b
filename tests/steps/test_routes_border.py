"""H49, H50: whose delivery fields are believed. Header orders as the usual servers write them."""

from __future__ import annotations

import pytest

from tests.steps.routing import mail, routed
from worker.message import InboundMessage
from worker.routes import evidence
from worker.routes.evidence import not_believed

Field = tuple[str, str]

#: what a stranger puts into the message before it is sent
FORGED: tuple[Field, ...] = (
    ("Delivered-To", "boss@x.org"),
    ("X-Original-To", "boss@x.org"),
    ("Envelope-To", "boss@x.org"),
    ("X-Forwarded-To", "boss@x.org"),
    ("X-Gm-Original-To", "boss@x.org"),
    ("X-Envelope-To", "boss@x.org"),
    ("Received", "from inside by mx.x.org with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000"),
    ("Delivered-To", "boss@x.org"),
    ("To", "help@x.org"),
    ("From", "stranger@y.org"),
)
POSTFIX_LOCAL: tuple[Field, ...] = (
    ("Return-Path", "<stranger@y.org>"),
    ("X-Original-To", "help@x.org"),
    ("Delivered-To", "store@x.org"),
    (
        "Received",
        "from y.org (y.org [192.0.2.1]) by mx.x.org (Postfix) with ESMTPS id 4C for <help@x.org>; Sat, 21 Nov",
    ),
)
POSTFIX_TO_DOVECOT: tuple[Field, ...] = (
    ("Return-Path", "<stranger@y.org>"),
    ("Delivered-To", "help@x.org"),
    (
        "Received",
        "from mx.x.org by store.x.org with LMTP id kN for <help@x.org> (envelope-from <s@y.org>); Sat, 21 Nov",
    ),
    ("X-Original-To", "alias@x.org"),
    ("Received", "from y.org (y.org [192.0.2.1]) by mx.x.org (Postfix) with ESMTPS id 4C; Sat, 21 Nov 2026"),
)
GMAIL: tuple[Field, ...] = (
    ("Delivered-To", "help@x.org"),
    ("Received", "by 2002:a05:6a10:1234 with SMTP id ab12; Sat, 21 Nov 2026 02:00:00 -0800 (PST)"),
    ("X-Received", "by 2002:a17:90b with SMTP id cd; Sat, 21 Nov 2026"),
    ("X-Gm-Original-To", "alias@x.org"),
    ("Return-Path", "<stranger@y.org>"),
    (
        "Received",
        "from y.org (y.org. [192.0.2.1]) by mx.google.com with ESMTPS id z9 for <help@x.org>; Sat, 21 Nov 2026",
    ),
)
EXIM: tuple[Field, ...] = (
    ("Return-path", "<stranger@y.org>"),
    ("Envelope-to", "help@x.org"),
    ("Delivery-date", "Sat, 21 Nov 2026 10:00:00 +0000"),
    ("Received", "from y.org ([192.0.2.1]) by mx.x.org with esmtps (Exim 4.96) id 1r-0 for help@x.org; Sat, 21 Nov"),
)


def arrived(server: tuple[Field, ...]) -> InboundMessage:
    return mail(*server, *FORGED)


@pytest.mark.parametrize("server", [POSTFIX_LOCAL, POSTFIX_TO_DOVECOT, GMAIL, EXIM])
def test_out_of_the_box_the_server_is_believed_and_the_sender_is_not(server: tuple[Field, ...]) -> None:
    message = arrived(server)
    assert {one.address for one in evidence(message, ())} <= {"help@x.org", "store@x.org"}
    assert routed(message, "boss@x.org", "help@x.org").route_index == 1
    assert "boss@x.org" in {one.address for one in not_believed(message, ())}


@pytest.mark.parametrize(("server", "border"), [(POSTFIX_TO_DOVECOT, "MX.x.org."), (GMAIL, "mx.google.com")])
def test_with_the_border_named_fields_of_inner_servers_count_too(server: tuple[Field, ...], border: str) -> None:
    message = arrived(server)
    found = {one.address for one in evidence(message, [border])}
    assert found == {"alias@x.org", "help@x.org"}
    assert routed(message, "boss@x.org", "alias@x.org", border=[border]).recipient == "alias@x.org"


def test_a_forged_received_of_the_border_extends_nothing() -> None:
    assert "boss@x.org" not in {one.address for one in evidence(arrived(POSTFIX_LOCAL), ["mx.x.org"])}


def test_a_mail_that_did_not_pass_the_border_is_believed_nothing() -> None:
    found = evidence(arrived(EXIM), ["gateway.x.org"])
    assert [(one.header, one.address) for one in found] == [("To", "help@x.org")]


@pytest.mark.parametrize("hello", ["by", "(", '"', "x;by"])
def test_what_the_sender_calls_himself_does_not_move_the_border(hello: str) -> None:
    real = ("Received", f"from {hello} (unknown [192.0.2.1]) by mx.x.org with SMTP id 1; Sat, 21 Nov 2026")
    message = mail(("Delivered-To", "help@x.org"), real, *FORGED)
    assert "boss@x.org" not in {one.address for one in evidence(message, ["mx.x.org"])}


def test_a_mail_that_was_never_sent_belongs_to_the_account() -> None:
    message = mail(("X-Original-To", "help@x.org"), ("From", "a@x.org"))
    assert [one.address for one in evidence(message, ())] == ["help@x.org"]
    assert evidence(message, ["mx.x.org"]) == ()


@pytest.mark.parametrize("name", ["X-Mail-To-Case-Route", "X-Loop-To", "X-Received", "X-Delivered-To", "Return-Path"])
def test_h50_no_other_field_steers(name: str) -> None:
    assert routed(mail((name, "boss@x.org"), ("To", "help@x.org")), "boss@x.org", "*").route_index == 1
