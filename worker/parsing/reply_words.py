"""The words by which mail programs mark what is old, in the languages we know. Tables only."""

from worker.parsing.text import listed

#: how "On … wrote:" begins, a space behind each
ATTRIBUTION_STARTS = tuple(
    f"{word} "
    for word in listed(
        """
        on | am | le | el | il | em | op | den | dnia | w dniu | på | dne | de | a | в | no dia | il giorno | from
        | quoting | zitat von | at | in | man | tir | ons | tor
        """
    )
)
#: somewhere in it
VERBS = listed(
    """
    wrote | writes | said | schrieb | geschrieben | écrit | ecrit | escribi | scritto | escreveu | schreef | geschreven
    | skrev | napisa | pisze | пишет | написал | писал | kirjoitti | napsal | yazd | írta | a scris | έγραψε | כתב | كتب
    | 書きました | メッセージ | のメール | 写道 | 寫道 | 작성
    """
)
#: between rules, or on a line of their own
SEPARATORS = listed(
    """
    original message | original appointment | ursprüngliche nachricht | ursprungliche nachricht | originalnachricht
    | original-nachricht | message d'origine | message d’origine | message original | message transféré
    | mensaje original | messaggio originale | mensagem original | oorspronkelijk bericht | oprindelig meddelelse
    | opprinnelig melding | ursprungligt meddelande | originalmeddelande | wiadomość oryginalna | oryginalna wiadomość
    | alkuperäinen viesti
    | původní zpráva | исходное сообщение | пересылаемое сообщение | 元のメッセージ | 原始邮件 | 原始郵件 | 원본 메시지
    | forwarded message | begin forwarded message | weitergeleitete nachricht | reply message
    """
)
#: in the line above which a helpdesk wants its answers
REPLY_ABOVE = listed(
    """
    reply above | antwort oberhalb | antworten oberhalb | oberhalb dieser zeile | répondre au-dessus
    | répondez au-dessus | responder por encima | antwoord boven | この行の上 | この線より上
    """
)
#: the first field of a copied header
HEADER_STARTS = listed(
    """
    message du | from | von | de | da | od | fra | från | van | от | expéditeur | lähettäjä | kimden | feladó | 差出人
    | 送信者 | 发件人 | 寄件者 | 寄件人 | 보낸 사람 | 보낸사람 | מאת
    """
)
#: its other fields
HEADER_LINES = listed(
    """
    sent | date | to | cc | subject | reply-to | gesendet | datum | an | betreff | envoyé | à | objet | sujet | enviado
    | enviada | fecha | data | para | asunto | assunto | inviato | a | oggetto | verzonden | aan | onderwerp | sendt
    | til | emne | skickat | till | ämne | wysłano | do | temat | дата | кому | тема | отправлено | 送信日時 | 宛先
    | 件名 | 日時 | 发送时间 | 收件人 | 主题 | 寄件日期 | 收件者 | 主旨 | 보낸 날짜 | 받는 사람 | 제목
    """
)
#: what telephones and web mailers put under a mail
SIGNATURES = listed(
    """
    sent from my | sent from mail for | sent from yahoo | sent from outlook | get outlook for | sent via | von meinem
    | gesendet von | gesendet mit | envoyé de mon | envoyé depuis | enviado desde | inviato da | inviato dal mio
    | verzonden vanaf | verzonden met | skickat från | sendt fra | wysłane z | отправлено с | отправлено из
    | iphoneから送信 | androidから送信 | 发自我的 | 從我的
    """
)
