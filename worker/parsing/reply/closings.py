"""The words under a mail that its author did not type: telephones, lists, lawyers. Tables only."""

from worker.parsing.text import listed

#: how the line of a telephone or program begins
SENT_STARTS = listed(
    """
    sent from | sent via | sent with | sent using | sent by | sent on my | sent through | from my iphone
    | from my ipad | get outlook for | get [outlook for | get the outlook app | sent securely | gesendet von
    | gesendet mit | gesendet über | von meinem | von meiner | diese nachricht wurde von meinem
    | diese e-mail wurde von meinem | hol dir outlook | outlook für | holen sie sich outlook | envoyé de
    | envoyé depuis | envoyé à partir | envoyé avec | envoyé par | envoyée de | télécharger outlook
    | obtenez outlook | obtenir outlook | enviado desde | enviado con | enviado mediante | enviado a través
    | obtener outlook | descargar outlook | enviado do | enviado da | enviado de | enviado por | enviado pelo
    | enviado via | enviada do | enviada desde | obter o outlook | baixar o outlook | obtenha o outlook
    | inviato da | inviato dal | inviato con | inviato tramite | scarica outlook | ottieni outlook
    | verzonden vanaf | verzonden met | verzonden via | verstuurd vanaf | verstuurd met | verstuurd via
    | outlook voor | download outlook | skickat från | skickat med | skickades från | skickat via
    | hämta outlook | sendt fra | sendt med | sendt via | hent outlook | få outlook | skaff deg outlook
    | lähetetty | hanki outlook | wysłane z | wysłano z | wysłane przy | wysłany z | pobierz outlook
    | uzyskaj outlook | odesláno z | odesláno ze | odoslané z | získat outlook | stáhnout outlook | отправлено с
    | отправлено из | отправлено со | отправлено через | скачать outlook | получить outlook | надіслано з
    | надіслано із | надіслано через | відправлено з | отримати outlook | завантажити outlook | trimis de pe
    | trimis din | trimis de la | obțineți outlook | descărcați outlook | στάλθηκε από | εστάλη από
    | λήψη του outlook | αποκτήστε το outlook | נשלח מ | נשלח באמצעות | أرسلت من | مرسل من | أُرسلت من
    | تم الإرسال من | ส่งจาก | đã gửi từ | được gửi từ | gửi từ | tải outlook | enviat des | enviat amb
    | dikirim dari | poslano iz | poslano s | poslato sa | изпратено от | outlook for | 发自我的
    | 发自 | 發自我的 | 發自
    | 來自我的 | 從我的 | 寄自我的 | 獲取 | 取得 outlook | 取得適用於 | 获取 | 나의 | 내 iphone | 갤럭시
    """
)
#: how it ends in languages that put the verb last
SENT_ENDS = listed(
    """
    gesendet | gesendet. | から送信 | から送信されました | から送信。 | gönderildi | gönderildi.
    | gönderilmiştir | küldve | küldtem | 에서 보냄 | 에서 보냈습니다 | 에서 보낸 메일 | 傳送 | 发送 | 傳送的
    | 送信 | を入手 | をダウンロード | edinin | letöltése | laden | 다운로드 | 받기 | 发出
    """
)
#: one of them is in every such line
DEVICES = listed(
    """
    iphon | ipad | ipod | imachine | imac | macbook | apple | android | galaxy | samsung | huawei | xiaomi
    | redmi | oppo | vivo | oneplus | nokia | htc | lg | sony | xperia | motorola | pixel | alcatel | blackberry
    | honor | lenovo | windows | outlook | mail | yahoo | proton | tuta | k-9 | thunderbird | fairemail
    | airmail | mailbox | spark | superhuman | sparrow | inky | polymail | missive | front | hey | gmx | web.de
    | telekom | t-online | orange | free | laposte | bouygues | sfr | tablet | mobil | móvil | movil | celular
    | cell | cellulare | phone | telefon | telefoon | telefono | teléfono | téléphone | puhelim | telefón
    | телефон | смартфон | handy | device | gerät | appareil | dispositivo | apparaat | enhet | enhed | laite
    | urządzenia | komórk | pc | ti-85 | computer | cihaz | κινητό | טלפון | هاتف | جوال | โทรศัพท์ | điện thoại
    | 手机 | 手機 | 휴대폰 | 스마트폰 | 아이폰 | 携帯 | スマートフォン | スマホ | docomo | ドコモ | au one
    | softbank | ソフトバンク | ワイモバイル | 邮箱 | 郵件 | 메일 | ios | mobilne
    """
)
#: in the lines under a rule that a list, a group or a portal puts there
FOOTERS = listed(
    """
    mailing list | mailing-list | unsubscribe | you received this message because | you are receiving this
    | visit topic | groups.io | listserv | listinfo | view it on github | reply to this email directly
    | google groups | abmelden | abbestellen | mailingliste | désabonner | désinscrire | liste de diffusion
    | darse de baja | lista de correo | cancelar a inscrição | cancelar inscrição | lista de discussão
    | disiscriver | annulla iscrizione | cancellarsi | uitschrijven | afmelden | avprenumerera | afmeld
    | meld deg av | wypisać się | odhlásit | отписаться | відписатися | leiratkoz | メーリングリスト | 配信停止
    | 退订 | 退訂 | 取消订阅 | 수신거부 | manage your subscription
    """
)
#: words of which a legal notice has several
LEGAL = listed(
    """
    confidential | privileged | intended recipient | intended solely | intended only | unauthorized
    | unauthorised | disclos | disseminat | notify the sender | in error | delete | virus | liab | prohibited
    | distribution | vertraulich | rechtlich geschützt | unbefugt | irrtümlich | nicht der richtige adressat
    | informieren | vernichten | nicht gestattet | confidentiel | destinataire | expéditeur | par erreur
    | détruire | interdit | divulgation | pièces jointes | confidencial | destinatario | por error | prohibid
    | divulga | eliminar | legalmente | destinatário | por engano | proibid | sigilos | riservat | vietat
    | per errore | distrugg | mittente | d.lgs | vertrouwelijk | geadresseerde | onrechtmatig | per vergissing
    | openbaarmaking | verwijderen | afzender | konfidentiell | avsedd | av misstag | avsändaren | fortrolig
    | tiltenkt | ved en feil | ved en fejl | afsender | luottamuksellinen | vastaanottaj | erehdyksessä | poufn
    | adresat | omyłkow | rozpowszechnian | zabronion | důvěrn | určen | omylem | конфиденциальн | адресат
    | по ошибке | запрещен | конфіденційн | помилков | gizli | yetkisiz | yanlışlıkla | yasaktır | bizalmas
    | címzett | tévedés | confidențial | 機密 | 秘密 | 誤って受信 | 破棄 | 削除 | 保密 | 机密 | 收件人 | 删除
    | 刪除 | 禁止 | 기밀 | 수신인 | 삭제 | 금지 | 유출
    """
)
#: a notice about paper, or a virus scanner's advertisement: one is enough
NOTICES = listed(
    """
    please consider the environment before printing | think before you print | before printing this e
    | bitte denken sie an die umwelt | avant d'imprimer | antes de imprimir | prima di stampare
    | denk aan het milieu | this email has been checked for viruses | this e-mail has been checked for viruses
    | virus-free. www. | diese e-mail wurde von avast | l'absence de virus dans ce courrier
    | libre de virus. www.
    """
)
#: how a legal notice may begin
LEGAL_STARTS = listed(
    """
    disclaimer | confidentiality | confidential | this e-mail | this email | this message | this communication
    | the information | the contents | the content | notice | important | legal | privileged | any views
    | if you | diese e-mail | diese nachricht | diese mail | der inhalt | die information | haftungsausschluss
    | hinweis | wichtig | ce message | cet e-mail | ce courriel | ce mail | les informations | avis de
    | este mensaje | este correo | la información | aviso | esta mensagem | este e-mail | este email
    | as informações | questo messaggio | questa e-mail | questa mail | le informazioni | ai sensi | avviso
    | dit bericht | deze e-mail | dit e-mailbericht | de informatie | detta meddelande | detta e-post
    | denne e-mail | denne e-post | denne meddelelse | denne meldingen | tämä viesti | tämä sähköposti
    | ta wiadomość | niniejsza | treść tej | tato zpráva | tento e-mail | это сообщение | данное сообщение
    | настоящее сообщение | это письмо | це повідомлення | bu e-posta | bu mesaj | bu ileti | ez az e-mail
    | ez az üzenet | acest mesaj | acest e-mail | このメール | 本メール | この電子メール | 本邮件 | 此邮件
    | 此電子郵件 | 本電子郵件 | 本郵件 | 이 메일 | 본 메일 | 이 이메일 | 본 이메일
    """
)
