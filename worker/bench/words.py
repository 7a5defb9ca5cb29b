"""What customers of the benchmark write: a few sentences in each charset that mail comes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """A charset, how often it is met (percent), its name in Python, and sentences it can hold."""

    charset: str
    percent: int
    codec: str
    greeting: str
    sentences: tuple[str, ...]
    encodings: tuple[str, ...] = ("quoted-printable", "base64", "8bit")


TONGUES = (
    Tongue(
        "us-ascii", 22, "ascii", "Hello,",
        (
            "My last order came without the power cable and the lamp does not start.",
            "Could you tell me when the invoice for March will be corrected?",
            "The second password link had expired before it reached me.",
            "I would rather have the blue one, if it is not too late to change.",
        ),
        ("7bit",),
    ),
    Tongue(
        "utf-8", 38, "utf-8", "Grüezi – hello,",
        (
            "The café’s receipt says €12, yet the card was charged €21.",
            "Bitte prüfen Sie die Größe: bestellt war XL, geliefert wurde S.",
            "La facture n’est pas à mon nom, où puis-je la corriger ?",
            "Zamówiłem trzy sztuki, a dotarły tylko dwie.",
            "Пожалуйста, пришлите новый код доступа.",
        ),
    ),
    Tongue(
        "iso-8859-1", 8, "iso-8859-1", "Buenos días:",
        (
            "El pedido llegó ayer, pero falta el manual en español.",
            "Können wir den Termin um eine Woche schieben?",
            "J'ai reçu un colis déjà ouvert, que dois-je faire ?",
        ),
    ),
    Tongue(
        "windows-1252", 7, "cp1252", "Bonjour,",
        (
            "Le remboursement de 40 € n’apparaît pas encore sur le relevé…",
            "Die „Premium“-Option läßt sich nicht abwählen.",
        ),
    ),
    Tongue(
        "iso-8859-2", 3, "iso-8859-2", "Dobrý den,",
        ("Zboží přišlo poškozené, přikládám fotografie.", "Prosím o wysłanie faktury na nowy adres."),
    ),
    Tongue(
        "koi8-r", 4, "koi8-r", "Здравствуйте!",
        ("Посылка пришла без зарядного устройства.", "Когда будет готов ответ по моему вопросу?"),
    ),
    Tongue(
        "windows-1251", 3, "cp1251", "Добрый день!",
        ("Не могу войти в личный кабинет после обновления.", "Прошу вернуть деньги за второй билет."),
    ),
    Tongue(
        "iso-2022-jp", 5, "iso2022_jp", "お世話になっております。",
        ("注文した商品がまだ届いておりません。", "請求書の宛名を変更していただけますか。", "写真をご確認ください。"),
        ("7bit",),
    ),
    Tongue(
        "shift_jis", 3, "shift_jis", "はじめまして。",
        ("ログインできないので、再設定をお願いします。", "来週の打ち合わせの時間を変更したいです。"),
    ),
    Tongue(
        "euc-jp", 3, "euc_jp", "いつもお世話になります。",
        ("領収書を再発行していただけますか。", "部品の在庫を教えてください。"),
    ),
    Tongue(
        "gb2312", 4, "gb2312", "您好：",
        ("我的订单还没有发货，请帮忙查一下。", "请问发票可以重新开吗？"),
    ),
)  # fmt: skip
