"""Text whose label is missing or wrong, in the tongues of our users; each is read as its octets mean it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.parsing import charset, scoring

SAID = {
    "ru": "Здравствуйте, мой заказ ещё не пришёл. Проверьте, пожалуйста.",
    "uk": "Добрий день, моє замовлення ще не надійшло.",
    "el": "Καλημέρα, η παραγγελία μου δεν έχει φτάσει ακόμη.",
    "he": "שלום, ההזמנה שלי עדיין לא הגיעה.",
    "ar": "مرحبا، طلبي لم يصل بعد. يرجى التحقق.",
    "th": "สวัสดีครับ สินค้าที่สั่งยังไม่มาถึง กรุณาตรวจสอบ",
    "zh": "您好,我的订单还没有收到,请帮忙查询一下。",
    "tw": "您好，我的訂單還沒有收到，請幫忙查詢一下。",
    "ko": "주문한 상품이 아직 도착하지 않았습니다. 확인 부탁드립니다.",
    "ja": "注文した商品がまだ届きません。ご確認をお願いします。",
    "de": "Schöne Grüße, Jürgen Müller: die Lieferung fehlt",
    "fr": "Bonjour, ma commande n’est pas arrivée. Où est-elle ?",
    "es": "¿Dónde está mi pedido? ¡Aún no llegó, mañana será tarde!",
    "pl": "Dzień dobry, moje zamówienie jeszcze nie dotarło. Proszę o sprawdzenie.",
    "tr": "Merhaba, siparişim henüz gelmedi. Lütfen kontrol edin, ığdır şubesi",
}
UNLABELLED = [
    *(("ru", codec) for codec in ("cp1251", "koi8-r", "cp866", "iso8859-5")),
    *(("el", "cp1253"), ("he", "cp1255"), ("ar", "cp1256"), ("th", "cp874"), ("zh", "gb18030"), ("tw", "big5")),
    *(("ko", "cp949"), ("ja", "euc_jp"), ("ja", "cp932"), ("de", "cp1252"), ("fr", "cp1252"), ("es", "cp1252")),
    *(("pl", "cp1250"), ("tr", "cp1254"), ("uk", "cp1251")),
]


@pytest.mark.parametrize(("tongue", "codec"), UNLABELLED)
@pytest.mark.parametrize("label", ["", "utf-8", "us-ascii", "x-nonsense"])
def test_octets_decide_where_the_label_fails(tongue, codec, label):
    octets = SAID[tongue].encode(codec)
    assert charset.decode(octets, label)[0] == SAID[tongue]
    assert charset.decode(octets * 200, label)[0] == SAID[tongue] * 200


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("iso-2022-kr", "iso2022_kr", SAID["ko"]),
        ("hz-gb-2312", "hz", SAID["zh"].replace(",", ",")),
        ("utf-7", "utf-7", "Grüße & mehr + Größe"),
        ("unicode-1-1-utf-7", "utf-7", "Übermittlung"),
        ("x-mac-roman", "mac-roman", "Zoë’s café"),
        ("macintosh", "mac-roman", "Größe"),
        ("x-mac-cyrillic", "mac-cyrillic", "Заказ"),
        ("tis-620", "cp874", SAID["th"]),
        ("big5-hkscs", "big5hkscs", "喺度買嘢"),
        ("gb2312", "gb18030", "朱镕基"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("koi8-u", "koi8-u", SAID["uk"]),
        ("iso-8859-1", "cp1252", "“5 €”"),
        ("utf-16", "utf-16", "Größe"),
        ("windows-1257", "cp1257", "āčēģ"),
    ],
)
def test_labels_mean_what_mailers_mean(label, codec, text):
    octets = text.encode(codec)
    assert charset.decode(octets, label)[0] == text
    settled, repaired, _ = charset.settle(octets, label)
    assert repaired.decode(settled).removeprefix("\ufeff") == text


@given(st.binary(max_size=400))
def test_any_octets_are_scored(octets):
    codec, certainty = scoring.best(octets)
    assert 0 <= certainty <= 1
    octets.decode(codec, "replace")
