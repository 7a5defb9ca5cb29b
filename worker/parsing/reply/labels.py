"""The fields of a copied header, and the lines above it, in the languages we know. Tables only."""

from __future__ import annotations

from enum import Enum

from worker.parsing.text import listed


class Label(Enum):
    """What a field of a copied header tells."""

    FROM = "from"
    DATE = "date"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"
    OTHER = "other"


_FROM = listed(
    """
    from | sender | von | absender | de | expéditeur | expediteur | message du | da | mittente | remitente
    | remetente | van | afzender | från | avsändare | fra | afsender | avsender | lähettäjä | keneltä | od
    | nadawca | odesílatel | odesilatel | odosielateľ | от | отправитель | от кого | від | відправник | від кого
    | kimden | gönderen | feladó | de la | expeditor | από | αποστολέας | מאת | من | المرسل | จาก | từ
    | người gửi | dari | pengirim | šalje | pošiljatelj | saatja | nuo | 差出人 | 送信者 | 送信元 | 发件人
    | 發件人 | 寄件者 | 寄件人 | 发送人 | 보낸 사람 | 보낸사람 | 발신자 | 발신인
    """
)
#: fields that only programs write, unlike "Date"
_SENT = listed(
    """
    sent | gesendet | envoyé | envoyé le | enviado | enviada | enviado el | enviado em | enviada em | inviato
    | inviata | verzonden | skickat | sendt | lähetetty | wysłano | wysłane | data wysłania | odesláno
    | odoslané | отправлено | надіслано | відправлено | gönderildi | gönderme tarihi | gönderilme tarihi
    | gönderim zamanı | küldve | elküldve | trimis | trimis la | στάλθηκε | נשלח | נשלח ב | تم الإرسال
    | تاريخ الإرسال | أرسلت | ส่ง | ส่งเมื่อ | đã gửi | dikirim | enviat | poslano | poslato | изпратено
    | 送信日時 | 送信日 | 发送时间 | 發送時間 | 发送日期 | 傳送日期 | 寄件日期 | 寄件時間 | 보낸 날짜 | 보낸날짜
    | 보낸 시간 | 발송일
    """
)
_DATE = listed(
    """
    date | datum | date d'envoi | fecha | data | dato | päivämäärä | päiväys | pvm | дата | дата и время | tarih
    | dátum | dată | ημερομηνία | ημ/νία | תאריך | التاريخ | วันที่ | ngày | tanggal | 日付 | 日時 | 日期 | 时间
    | 時間 | 날짜 | 일시
    """
)
_TO = listed(
    """
    to | an | empfänger | à | a | destinataire | pour | para | destinatario | destinatário | per | aan
    | ontvanger | till | til | modtager | mottaker | vastaanottaja | do | adresat | komu | pro | příjemce
    | adresát | кому | получатель | одержувач | kime | alıcı | címzett | către | catre | destinatar | προς | אל
    | לכבוד | إلى | ถึง | đến | tới | người nhận | kepada | per a | prima | za | 宛先 | 送信先 | 受信者 | 收件人
    | 收件者 | 받는 사람 | 받는사람 | 수신자 | 수신인
    """
)
_CC = listed(
    """
    cc | bcc | kopie | copie | copie à | cópia | copia | kopi | kopia | kopio | kopie (cc) | dw | udw | копия
    | копія | másolatot kap | másolat | bilgi | κοιν | κοινοποίηση | עותק | نسخة | نسخة إلى | สำเนา | สำเนาถึง
    | đồng gửi | 抄送 | 副本 | 참조 | ccへ | cc to
    """
)
_SUBJECT = listed(
    """
    subject | betreff | objet | sujet | asunto | assunto | oggetto | onderwerp | ämne | emne | aihe | temat
    | předmět | predmet | тема | konu | tárgy | subiect | θέμα | נושא | الموضوع | เรื่อง | ชื่อเรื่อง
    | หัวเรื่อง | chủ đề | tiêu đề | subjek | perihal | assumpte | tema | naslov | относно | efni | teema | 件名
    | 題名 | 主题 | 主題 | 主旨 | 标题 | 標題 | 제목
    """
)
_OTHER = listed(
    """
    reply-to | reply to | importance | priority | attachments | attachment | organization | mailed-by
    | signed-by | antwort an | wichtigkeit | anlagen | anhänge | répondre à | pièces jointes | importancia
    | prioridad | datos adjuntos | adjuntos | anexos | importância | responder a | responder para | rispondi a
    | priorità | allegati | belang | bijlagen | beantwoorden | svar till | svar til | bilagor | vedhæftede filer
    | vedlegg | liitteet | tärkeys | załączniki | ważność | přílohy | důležitost | вложения | важность
    | вкладення | ekler | önem | message-id | list-id | 重要度 | 添付ファイル | 附件 | 重要性 | 첨부파일
    | 첨부 파일 | newsgroups | sensitivity | via
    """
)
#: from a field's name in lower case to what it tells
LABELS = {
    **dict.fromkeys(_OTHER, Label.OTHER),
    **dict.fromkeys(_CC, Label.CC),
    **dict.fromkeys(_TO, Label.TO),
    **dict.fromkeys(_SUBJECT, Label.SUBJECT),
    **dict.fromkeys((*_SENT, *_DATE), Label.DATE),
    **dict.fromkeys(_FROM, Label.FROM),
}
SENT_NAMES = frozenset(_SENT)

#: above a copied header, within rules or on a line of their own
ORIGINAL = listed(
    """
    original message | original appointment | original mail | original email | original e-mail | reply message
    | replied message | ursprüngliche nachricht | ursprungliche nachricht | originalnachricht
    | original-nachricht | original nachricht | ursprüngliche mail | ursprüngliche e-mail | original-mail
    | urspr. nachricht | ursprünglicher termin | message d'origine | message d’origine | message original
    | mail original | message initial | e-mail d'origine | courriel original | mensaje original
    | correo original | mensaje de origen | messaggio originale | messaggio di origine | mail originale
    | mensagem original | e-mail original | mensagem de origem | oorspronkelijk bericht
    | oorspronkelijke bericht | origineel bericht | oorspronkelijke mail | oprindelig meddelelse
    | original meddelelse | oprindelig besked | oprindelig mail | opprinnelig melding | original melding
    | opprinnelig e-post | ursprungligt meddelande | originalmeddelande | ursprungligt mail
    | wiadomość oryginalna | oryginalna wiadomość | wiadomość pierwotna | alkuperäinen viesti | původní zpráva
    | původní e-mail | originální zpráva | pôvodná správa | исходное сообщение | оригинальное сообщение
    | исходное письмо | початкове повідомлення | оригінальне повідомлення | вихідне повідомлення | özgün ileti
    | orijinal mesaj | orijinal ileti | özgün mesaj | eredeti üzenet | mesaj original | mesajul original
    | αρχικό μήνυμα | ההודעה המקורית | הודעה מקורית | الرسالة الأصلية | رسالة أصلية | ข้อความต้นฉบับ
    | tin nhắn gốc | thư gốc | missatge original | pesan asli | izvorna poruka | originalna poruka
    | izvirno sporočilo | 元のメッセージ | 元のメール | オリジナルメッセージ | 原始邮件 | 原始郵件 | 原邮件
    | 原郵件 | 回复的原邮件 | 原始訊息 | 原件 | 邮件原件 | 原信件 | 원본 메시지 | 원본 메일 | 원본메일
    | 원본 이메일 | 원본메시지
    """
)
#: the same, of a mail that was passed on
FORWARDED = listed(
    """
    forwarded message | begin forwarded message | forwarded mail | forwarded email | forwarded by
    | start forwarded message | weitergeleitete nachricht | anfang der weitergeleiteten nachricht
    | beginn der weitergeleiteten nachricht | beginn der weitergeleiteten e-mail | weitergeleitete mail
    | message transféré | début du message transféré | début du message réexpédié | message réexpédié
    | courriel transféré | mail transféré | mensaje reenviado | inicio del mensaje reenviado | correo reenviado
    | mensagem encaminhada | mensagem reencaminhada | início da mensagem encaminhada
    | início da mensagem reencaminhada | inicio da mensagem encaminhada | messaggio inoltrato
    | inizio messaggio inoltrato | inizio del messaggio inoltrato | messaggio rigirato | doorgestuurd bericht
    | begin doorgestuurd bericht | begin doorgestuurde bericht | vidarebefordrat meddelande
    | vidarebefordrat brev | vidarebefordrat mejl | börja vidarebefordrade meddelandet
    | början på vidarebefordrat meddelande | videresendt meddelelse | videresendt besked | videresendt melding
    | start på videresendt besked | start på videresendt meddelelse | videresendt mail | videresendt e-post
    | begynnelse på videresendt melding | start på videresendt melding | välitetty viesti
    | välitetyn viestin alku | alkuperäinen välitetty viesti | edelleenlähetetty viesti | wiadomość przekazana
    | przekazana wiadomość | początek przekazywanej wiadomości | treść przekazanej wiadomości
    | przesłana wiadomość | začátek přeposílané zprávy | přeposlaná zpráva | přeposlaný e-mail
    | preposlaná správa | začiatok preposlanej správy | пересылаемое сообщение | пересланное сообщение
    | переадресованное сообщение | начало переадресованного сообщения | начало пересылаемого сообщения
    | пересылаемое письмо | пересланное письмо | пересильне повідомлення | переслане повідомлення
    | початок переадресованого повідомлення | перенаправлене повідомлення | iletilmiş mesaj | iletilen mesaj
    | yönlendirilen ileti | yönlendirilmiş ileti | iletilen ileti | iletilen e-posta
    | başlangıç yönlendirilen ileti | továbbított üzenet | továbbított levél | továbbított üzenet kezdete
    | mesaj redirecționat | mesaj redirectionat | mesaj transmis | început mesaj redirecționat
    | începutul mesajului redirecționat | προωθημένο μήνυμα | έναρξη προωθημένου μηνύματος | הודעה שהועברה
    | התחלת ההודעה שהועברה | رسالة معاد توجيهها | رسالة مُعاد توجيهها | بداية الرسالة المعاد توجيهها
    | ข้อความที่ส่งต่อ | จุดเริ่มต้นข้อความที่ส่งต่อ | tin nhắn được chuyển tiếp | thư được chuyển tiếp
    | thư đã chuyển tiếp | missatge reenviat | inici del missatge reenviat | pesan terusan | proslijeđena poruka
    | prosleđena poruka | posredovano sporočilo | препратено съобщение | 転送メッセージ | 転送されたメッセージ
    | 転送メール | 転送されたメッセージの始まり | 転送元のメッセージ | 转发的邮件 | 转发邮件 | 转发邮件信息
    | 转发的信件 | 已转发邮件 | 下面是被转发的邮件 | 开始转发的邮件 | 轉寄郵件 | 轉寄的郵件 | 轉寄訊息
    | 開始轉寄郵件 | 已轉寄的郵件 | 以下是轉寄的郵件 | 전달된 메시지 | 전달된 메일 | 전달된 편지
    | 전달된 메시지 시작 | 다음은 전달된 메시지입니다 | 전달 메일
    """
)
#: in the line above which a helpdesk wants its answers
REPLY_ABOVE = listed(
    """
    reply above this | reply above the line | type your reply above | reply above line | write above this line
    | reply only above | add your reply above | respond above this line | replies above this line
    | antwort oberhalb | antworten oberhalb | oberhalb dieser zeile | antwort über dieser
    | antworten sie über dieser | über dieser linie | über diese zeile | répondre au-dessus | répondez au-dessus
    | réponse au-dessus | au-dessus de cette ligne | responder por encima | respuesta por encima
    | encima de esta línea | escriba su respuesta arriba | responda acima | resposta acima | acima desta linha
    | acima dessa linha | sopra questa riga | al di sopra di questa riga | sopra questa linea | boven deze lijn
    | boven deze regel | antwoord boven | ovanför denna rad | ovanför den här raden | over denne linje
    | over denne linjen | tämän rivin yläpuolelle | powyżej tej linii | nad tą linią | nad tento řádek
    | nad tímto řádkem | выше этой строки | над этой строкой | над цією лінією | вище цієї лінії
    | bu satırın üzerine | bu satırın üstüne | e fölé a sor fölé | a vonal fölé | deasupra acestei linii
    | πάνω από αυτή τη γραμμή | מעל שורה זו | فوق هذا السطر | この行の上 | この行より上 | この線より上
    | この線の上 | 在此行上方 | 在此线上方 | 请在此行以上 | 在這一行上方 | 在此行之上 | 이 줄 위에 | 이 선 위에
    """
)
