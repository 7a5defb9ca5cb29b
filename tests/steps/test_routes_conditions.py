"""Every condition of a rule, with a mail that meets it and one that does not; and in one line why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Attachment
from tests.steps.routing import mail
from worker.message import InboundMessage
from worker.routes import RoutingDecision, compile_routes, language_of
from worker.routes.tongues import WORDS
from worker.settings import MailboxSettings, Route
from worker.settings.calendar import Calendar
from worker.settings.conditions import LANGUAGES

RECEIVED = ("Received", "from y.org by mx.x.org with ESMTPS id 1; Sat, 21 Nov 2026 10:00:00 +0000")
FROM = ("From", "Ann <ann@example.org>")
TOKYO = Calendar(timezone="Asia/Tokyo", hours="Mon-Fri 09:00-18:00")
MAILBOX = MailboxSettings(
    trusted_border=("mx.x.org",), authserv_id=("mx.x.org",), spam_score=5.0, spam_dmarc=True, junk="Junk"
)


def decided(message: InboundMessage, *routes: dict[str, Any], mailbox: str = "support") -> RoutingDecision:
    made = [Route.model_validate({"connector": "crm", **route}) for route in routes]
    return compile_routes(made, {"support": MAILBOX}, {"tokyo": TOKYO}).decide(message, mailbox)


def holds(message: InboundMessage, mailbox: str = "support", **condition: Any) -> bool:
    decision = decided(message, condition, mailbox=mailbox)
    (line,) = decision.trace
    assert line.why, line
    assert "\n" not in line.why
    return line.matched


def with_file(name: str, content_type: str = "application/pdf", *, inline: bool = False) -> InboundMessage:
    file = Attachment(name=name, content_type=content_type, size_bytes=1, sha256="0" * 64, content=b"x", inline=inline)
    return replace(mail(FROM), attachments=(file,))


def judged(results: str, *above: tuple[str, str]) -> InboundMessage:
    return mail(*above, ("Authentication-Results", f"mx.x.org; {results}"), RECEIVED, FROM)


def text(words: str) -> InboundMessage:
    return replace(mail(FROM, subject=""), text=words)


AT_WORK, AT_NIGHT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC), datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MARKED = mail(("X-Spam-Status", "No, score=5.1 required=8"), FROM)
CASES: dict[str, tuple[dict[str, Any], InboundMessage, InboundMessage]] = {
    "subject tag": ({"subject": "[VIP]"}, mail(FROM, subject="Re: [vip] x"), mail(FROM, subject="VIP")),
    "subject pattern": ({"subject": r"re:order \d+"}, mail(FROM, subject="Order 12"), mail(FROM, subject="Order x")),
    "sender": ({"sender": "ann@example.org"}, mail(sender="ANN@example.org"), mail(sender="bob@example.org")),
    "domain": ({"domain": "example.org"}, mail(sender="a@EXAMPLE.org"), mail(sender="a@sub.example.org")),
    "domain and below": ({"domain": "*.example.org"}, mail(sender="a@b.example.org"), mail(sender="a@bexample.org")),
    "several domains": ({"domain": "a.org, b.org"}, mail(sender="x@b.org"), mail(sender="x@c.org")),
    "header": ({"header": "X-Tier: gold"}, mail(("X-Tier", "Gold"), RECEIVED), mail(("X-Tier", "tin"), RECEIVED)),
    "header of a stranger": ({"header": "X-Tier"}, mail(("X-Tier", "1"), RECEIVED), mail(RECEIVED, ("X-Tier", "1"))),
    "size above": ({"size": ">1kB"}, replace(mail(), size_bytes=1025), replace(mail(), size_bytes=1024)),
    "size range": ({"size": "1kB-2kB"}, replace(mail(), size_bytes=2048), replace(mail(), size_bytes=2049)),
    "attachment": ({"attachment": True}, with_file("a.pdf"), with_file("logo.png", inline=True)),
    "no attachment": ({"attachment": False}, mail(), with_file("a.pdf")),
    "attachment name": ({"attachment": "*.pdf"}, with_file("Bill.PDF"), with_file("bill.pdf.zip")),
    "attachment pattern": ({"attachment": r"re:^inv\d+"}, with_file("INV7.doc"), with_file("x-inv7.doc")),
    "attachment type": ({"attachment": "type:image/*"}, with_file("a", "image/png"), with_file("a.png")),
    "language": (
        {"language": "ja"},
        text("注文した商品がまだ届きません"),
        text("My order has not been delivered to me."),
    ),
    "languages": ({"language": "de, fr"}, text("Ich habe die Ware nicht erhalten, bitte helfen Sie mir"), text("ok")),
    "spam mark": ({"spam_mark": True}, MARKED, mail(("X-Spam-Status", "No, score=4.9"), FROM)),
    "no spam mark": ({"spam_mark": False}, mail(FROM), MARKED),
    "spf": ({"spf": "pass"}, judged("spf=pass smtp.mailfrom=example.org"), judged("spf=softfail")),
    "spf fails": ({"spf": "fail"}, judged("spf=softfail"), judged("spf=neutral")),
    "dkim": ({"dkim": "pass"}, judged("dkim=pass header.d=example.org"), mail(RECEIVED, FROM)),
    "dmarc": ({"dmarc": "pass"}, judged("dmarc=pass"), judged("dmarc=fail")),
    "dmarc unknown": ({"dmarc": "unknown"}, mail(RECEIVED, FROM), judged("dmarc=pass")),
    "authenticated": ({"authenticated": True}, judged("dmarc=pass"), judged("dkim=pass header.d=evil.org")),
    "not authenticated": ({"authenticated": False}, mail(RECEIVED, FROM), judged("dmarc=pass")),
    "hours": (
        {"hours": "calendar:tokyo"},
        replace(mail(), received_at=AT_WORK),
        replace(mail(), received_at=AT_NIGHT),
    ),
    "out of hours": (
        {"hours": "outside:tokyo"},
        replace(mail(), received_at=AT_NIGHT),
        replace(mail(), received_at=AT_WORK),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_condition_holds_and_does_not(case: tuple[dict[str, Any], InboundMessage, InboundMessage]) -> None:
    condition, meets, fails = case
    assert holds(meets, **condition)
    assert not holds(fails, **condition)


@pytest.mark.parametrize(("lies_in", "matches"), [("support", True), ("support:junk", True), ("sales", False)])
def test_the_mailbox_is_a_condition(lies_in: str, matches: bool) -> None:
    decision = decided(mail(), {"mailbox": "support"}, mailbox=lies_in)
    assert (decision.route is not None) is matches


def test_all_conditions_must_hold() -> None:
    both = {"subject": "[VIP]", "domain": "example.org"}
    assert holds(mail(FROM, subject="[VIP]"), **both)
    assert not holds(mail(FROM, subject="[VIP]", sender="a@b.org"), **both)
    assert not holds(mail(FROM, subject="x"), **both)


@pytest.mark.parametrize(
    "forged",
    [
        mail(RECEIVED, ("Authentication-Results", "mx.x.org; dmarc=pass"), FROM),
        mail(("Authentication-Results", "mx.evil.org; dmarc=pass"), RECEIVED, FROM),
        mail(("Authentication-Results", "mx.x.org; dmarc=pass"), FROM),
        judged("dmarc=fail; dmarc=pass"),
    ],
)
def test_h48_a_forged_verdict_is_no_pass(forged: InboundMessage) -> None:
    assert not holds(forged, dmarc="pass")
    assert not holds(forged, authenticated=True)


@pytest.mark.parametrize(
    "field",
    [
        ("X-MS-Exchange-Organization-SCL", "5"),
        ("X-Forefront-Antispam-Report", "CIP:1.2.3.4;CTRY:US;SCL:9;SRV:"),
        ("X-Gm-Spam", "1"),
        ("X-Gm-Phishy", "1"),
        ("X-Spam-Score", "5.0"),
        ("X-Spam-Status", "No, hits=7.5 required=9"),
    ],
)
def test_measured_marks_of_spam(field: tuple[str, str]) -> None:
    assert holds(mail(field, FROM), spam_mark=True)


@pytest.mark.parametrize(
    "field",
    [
        ("X-MS-Exchange-Organization-SCL", "-1"),
        ("X-Forefront-Antispam-Report", "SCL:1"),
        ("X-Gm-Spam", "0"),
        ("X-Spam-Score", "-1.9"),
        ("X-Spam-Score", "unknown"),
        ("X-Spam-Status", "No, score=4.99"),
    ],
)
def test_measured_marks_that_are_low(field: tuple[str, str]) -> None:
    assert not holds(mail(field, FROM), spam_mark=True)


def test_the_junk_folder_and_dmarc_mark_spam() -> None:
    assert holds(mail(FROM), "support:junk", spam_mark=True)
    assert holds(judged("dmarc=fail"), spam_mark=True)
    assert not holds(judged("dmarc=none"), spam_mark=True)


def test_a_rule_that_lost_says_why_without_quoting_the_mail() -> None:
    message = mail(RECEIVED, ("X-Tier", "secret"), FROM, subject="My disease")
    rules = [{"header": "X-Tier"}, {"subject": "[VIP]"}, {"size": ">1MB"}, {"dmarc": "pass"}, {"language": "ja"}]
    whys = [line.why for line in decided(message, *rules).trace]
    for why, words in zip(whys, ("below the border", "'[VIP]' does not hold", "bytes", "unknown", "told"), strict=True):
        assert words in why
        assert "secret" not in why
        assert "disease" not in why


def test_every_condition_of_every_rule_can_be_asked_for() -> None:
    made = [Route(connector="crm", subject="x", size=">1MB"), Route(connector="crm", address="a@x.org")]
    router = compile_routes(made, {})
    checks = router.checks(router.sight(mail(FROM, subject="x"), "support"))
    assert [(one.route_index, one.holds) for one in checks] == [(0, True), (0, False), (0, True), (1, False)]


def test_the_border_may_be_all_hosts_below_a_name() -> None:
    message = mail(("X-Tier", "1"), ("Received", "from y.org by a1.eu.prod.example.com with ESMTPS; x"), FROM)
    routes = [Route(connector="crm", header="X-Tier")]
    for border, believed in (("*.prod.example.com", True), ("*.other.example.com", False), ("prod.example.com", False)):
        mailbox = MailboxSettings(trusted_border=(border,))
        assert (compile_routes(routes, {"m": mailbox}).decide(message, "m").route is not None) is believed


def test_the_detector_knows_the_languages_that_settings_accept() -> None:
    scripts = {"ja", "ko", "zh", "th", "el", "he", "ar"}
    assert set(WORDS) | scripts == set(LANGUAGES)


SENTENCES = {
    "en": "Hello, I have not received my order yet. Could you please tell me when it will be here?",
    "de": "Guten Tag, ich habe meine Bestellung noch nicht erhalten. Können Sie mir bitte sagen, wo sie ist?",
    "fr": "Bonjour, je n'ai pas encore reçu ma commande. Pouvez-vous me dire quand elle sera là ?",
    "es": "Hola, todavía no he recibido mi pedido. ¿Me pueden decir cuándo llega, por favor?",
    "it": "Buongiorno, non ho ancora ricevuto il mio ordine. Mi può dire quando arriva, per favore?",
    "pt": "Bom dia, ainda não recebi a minha encomenda. Pode dizer-me quando é que chega?",
    "nl": "Hallo, ik heb mijn bestelling nog niet ontvangen. Kunt u mij zeggen wanneer het er is?",
    "sv": "Hej, jag har inte fått min beställning. Kan ni säga mig när den kommer?",
    "fi": "Hei, en ole vielä saanut tilaustani. Voitteko kertoa minulle, milloin se on perillä? Kiitos, että autatte.",
    "pl": "Dzień dobry, nie otrzymałem jeszcze mojego zamówienia. Czy mogą mi Państwo powiedzieć, kiedy to będzie?",
    "cs": "Dobrý den, ještě jsem nedostal svou objednávku. Můžete mi prosím říct, kdy ji budu mít?",
    "hu": "Jó napot, még nem kaptam meg a rendelésemet. Kérem, írja meg, hogy mikor lesz kész. Köszönöm!",
    "ro": "Bună ziua, nu am primit încă comanda mea. Vă rog să îmi spuneți când ajunge. Mulțumesc!",
    "tr": "Merhaba, siparişim bana daha gelmedi. Ne zaman geleceğini söyler misiniz? Teşekkür ederim.",
    "ru": "Здравствуйте, я ещё не получил свой заказ. Скажите мне, пожалуйста, когда он будет.",
    "uk": "Добрий день, я ще не отримав моє замовлення. Скажіть мені, будь ласка, коли воно буде.",
    "el": "Καλημέρα, δεν έχω λάβει ακόμα την παραγγελία μου.",
    "he": "שלום, עדיין לא קיבלתי את ההזמנה שלי",
    "ar": "مرحبا، لم أستلم طلبي بعد، هل يمكنكم مساعدتي؟",
    "ja": "お世話になっております。注文した商品がまだ届いておりません。",
    "zh": "您好，我订的货还没有收到，请问什么时候能到？",
    "ko": "안녕하세요, 주문한 상품이 아직 도착하지 않았습니다.",
    "th": "สวัสดีครับ ผมยังไม่ได้รับสินค้า",
    "vi": "Xin chào, tôi chưa nhận được đơn hàng của tôi. Cảm ơn bạn.",
    "id": "Halo, saya belum menerima pesanan saya. Apakah bisa dibantu? Terima kasih.",
}


@pytest.mark.parametrize(("language", "words"), SENTENCES.items())
def test_languages(language: str, words: str) -> None:
    assert language_of(words) == language


@pytest.mark.parametrize("words", ["", "ok", "12345", "Re: 4711", "https://example.com/the/and/of/to", "xqzt brrk"])
def test_what_might_be_any_language_is_none(words: str) -> None:
    assert language_of(words) == ""


ADDRESSES = [f"team{number}@x.org" for number in range(6)]


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.sampled_from(ADDRESSES), st.booleans())
def test_the_order_of_unrelated_rules_does_not_matter(order: list[int], to: str, big: bool) -> None:
    """No mail can match two of them, so any order has the same outcome."""
    rules = [
        {"address": address, "size": ">1kB" if number % 2 else "<=1kB", "fields": {"queue": str(number)}}
        for number, address in enumerate(ADDRESSES)
    ]
    message = replace(mail(("To", to)), size_bytes=2048 if big else 10)
    first = decided(message, *rules)
    second = decided(message, *(rules[number] for number in order))
    assert first.fields == second.fields
    assert (first.route is None) == (second.route is None)
