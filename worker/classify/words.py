"""What subjects and first lines of machines say, in the languages in which they say it.

Patterns over mail content: plain alternatives behind a fixed beginning, so that the time grows with the text alone.
"""

from __future__ import annotations

import re

from worker.parsing.text import listed


def _any_of(table: str) -> str:
    return "|".join(re.escape(entry).replace(r"\ ", r"[\s-]?") for entry in listed(table))


_BOUNCE_SUBJECTS = """
undeliver | undelivered mail | delivery failed | delivery has failed | delivery failure |
delivery status notification | returned mail | mail delivery | failure notice | failure delivery |
delivery problem | delivery report | delivery error | delivery incomplete | delivery failures |
delivery unsuccessful | returned to sender | return to sender | message not delivered | mail not delivered |
not deliverable | not delivered | could not be delivered | couldn't be delivered | wasn't delivered |
was not delivered | message delivery | mail system error | delivery notification | mail could not be |
nondeliverable | non delivery | non deliverable | unable to deliver | cannot deliver | user unknown |
unknown user | returned message | returned email | message returned | rejected message | message rejected |
mail rejected | mail failure | mail error | email error | error sending mail | permanent delivery failure |
ndn: | ndr: | delivery notice | problems delivering your mail | problem delivering | your message couldn |
bounced mail | message bounced | recipient address rejected | recipient unknown | email address unknown |
quota exceeded | mailbox full | mailbox is full | permanent error | delivery delayed | mail delayed |
message delayed | delayed mail | (delay) | warning: could not send | still being retried | will be retried |
zustellung verzögert | 配信遅延 | transmission failed | failed mail | failed delivery | mail returned |
unzustellbar | nicht zugestellt | zustellung fehlgeschlagen | zustellfehler | konnte nicht zugestellt |
unzustellbare | nicht zustellbar | fehlgeschlagene zustellung | zustellungsbenachrichtigung |
zustellungsstatus | fehler bei der zustellung | benachrichtung zum | benachrichtigung zum |
übermittlungsstatus | non remis | non distribu | échec de la remise | échec de remise | échec de distribution |
non délivré | remise impossible | notification d'état de remise | courrier retourné | notification d'échec |
message non délivré | no se puede entregar | no entregado | no se pudo entregar | no se ha podido entregar |
error de entrega | fallo en la entrega | fallo de entrega | correo devuelto | mensaje devuelto | no entregable |
non recapitabile | mancato recapito | recapito non riuscito | impossibile recapitare | mancata consegna |
consegna fallita | impossibile consegnare | avviso di mancata consegna | messaggio non recapitato |
não entregue | não foi entregue | não é possível entregar | falha na entrega | falha de entrega |
erro na entrega | mensagem devolvida | não pôde ser entregue | devolvido ao remetente | onbestelbaar |
niet bezorgd | kan niet worden bezorgd | niet afgeleverd | bezorging mislukt | aflevering mislukt |
olevererbart | oleverbart | kan inte levereras | kunde inte levereras | kunne ikke leveres | kan ikke leveres |
ikke leveret | ikke levert | leveringsfeil | ei voitu toimittaa | toimitus epäonnistui | ei toimitettu |
niedostarcz | nie można dostarczyć | nie dostarczono | nie doręczono | zwrot wiadomości | nedoručiteln |
nedoručen | nelze doručit | kézbesíthetetlen | sikertelen kézbesítés | nelivrat | teslim edilemedi |
недоставлен | не доставлен | не удается доставить | не удалось доставить | невозможно доставить |
ошибка доставки | не доставлено | не вдалося доставити | αδύνατη η παράδοση | לא ניתן למסירה | 配信不能 |
配信できません | 配達できません | 送信できません | 送信エラー | 配信エラー | 配送エラー | 不達 | 未配信 | 未達 |
エラーメール | 宛先不明 | 配信失敗 | 配信に失敗 | 配信の失敗 | 届きません | 返送 | 戻りメール | 退信 |
无法送达 | 無法送達 | 无法投递 | 無法投遞 | 未送达 | 未傳遞 | 未传递 | 投递失败 | 系统退信 | 发送失败 |
배달되지 | 배달 못 | 전송 실패 | 반송 | 전달할 수 없 | ส่งไม่สำเร็จ
"""
BOUNCE_SUBJECT = re.compile(_any_of(_BOUNCE_SUBJECTS), re.IGNORECASE)

_FAILURE_WORDS = """
could not be delivered | couldn't be delivered | cannot be delivered | can not be delivered |
was not delivered | wasn't delivered | not been delivered | not be delivered to | unable to deliver |
undeliverable | delivery failed | delivery has failed | failed permanently | permanent fatal errors |
permanent errors | fatal errors | did not reach | could not be reached | couldn't be sent | could not be sent |
unable to send your message | mailbox is full | mailbox full | exceeded storage | over quota | quota exceeded |
user unknown | unknown user | no such user | recipient rejected | address rejected | returned to sender |
returning it to you | delivery errors | message delivery failed | mail delivery failed | permanent error |
has been rejected | delivery to the following | bounced | message was rejected | was rejected by |
email rejected | does not exist | is not known | konnte nicht zugestellt | nicht zugestellt werden |
unzustellbar | n'a pas pu être | n'a pu être remis | no se ha podido entregar | no se pudo entregar |
non è stato possibile | impossibile consegnare | não pôde ser | não foi possível entregar | kon niet worden |
kunde inte levereras | не удалось доставить | не было доставлено | 配信できません | 配信されません |
送信できません | 届けることができません | 届きません | 配達できません | 無法投遞 | 无法投递 | 无法送达 | 退信 |
배달할 수 없 | 見つかりません | 見つからない | 宛先が | 受信者が
"""
FAILURE_WORDS = re.compile(_any_of(_FAILURE_WORDS), re.IGNORECASE)

_ABSENCES = """
auto reply | auto response | automatic reply | automatic response | automated reply | automated response |
auto antwort | autoreply | autoresponse | autoresponder | auto responder | out of the office | out of office |
ooo | oof | away from my mail | away from the office | away from my desk | vacation reply | vacation message |
absence notice | automatische antwort | automatische antwortmail | automatisch generierte antwort |
abwesenheit | abwesend | ich bin abwesend | bin nicht im büro | urlaubsbenachrichtigung | urlaubsabwesenheit |
réponse automatique | reponse automatique | réponse d'absence | message d'absence | notification d'absence |
absence du bureau | absent du bureau | absente du bureau | respuesta autom | contestación automática |
fuera de la oficina | fuera de oficina | ausencia de la oficina | ausente de la oficina | risposta automatica |
risponditore automatico | fuori sede | fuori ufficio | assenza dall'ufficio | assente dall'ufficio |
resposta autom | fora do escritório | ausente do escritório | ausência do escritório | ausência temporária |
automatisch antwoord | automatische reactie | afwezig | buiten kantoor | automatiskt svar | autosvar |
frånvaro | automatisk svar | fraværsmeddelelse | fraværsmelding | fravær | automaattinen vastaus | poissaolo |
poissa toimistolta | odpowiedź automatyczna | automatyczna odpowiedź | nieobecność | poza biurem |
autoodpowiedź | automatická odpověď | automatická odpoveď | mimo kancelář | nepřítomnost | automatikus válasz |
házon kívül | răspuns automat | automatski odgovor | samodejni odgovor | automaatvastus |
automatinis atsakymas | автоответ | автоматический ответ | автоматична відповідь | автовідповідь |
автоматичен отговор | αυτόματη απάντηση | otomatik yanıt | otomatik cevap | ofis dışında | ofis dışı |
תשובה אוטומטית | מענה אוטומטי | رد تلقائي | trả lời tự động | balasan otomatis | ตอบกลับอัตโนมัติ | 自動応答 |
自動返信 | 自動送信 | 自動回答 | 不在通知 | 不在連絡 | 不在のお知らせ | 不在応答 | 自动回复 | 自動回覆 |
自动答复 | 自動回復 | 自动应答 | 外出通知 | 不在办公室 | 不在辦公室 | 자동 회신 | 자동 응답 | 부재중
"""
# People write of their holidays as well: these need a second sign.
_PERHAPS = """
on vacation | on holiday | on leave | on annual leave | on parental leave | on maternity leave | i am away |
i'm away | i am out of | i'm out of | im urlaub | nicht im büro | nicht im hause | außer haus | ausser haus |
en congé | en vacances | absence de | absent(e) | de vacaciones | in ferie | de férias | niet aanwezig |
niet op kantoor | ej på kontoret | inte på kontoret | ikke på kontoret | ikke til stede | på semester |
på ferie | lomalla | na urlopie | 休暇中 | 不在のため | вне офиса | нет на рабочем месте
"""
_BEGINNING = r"(?:(?:re|aw|sv|vs|fwd?|wg|tr|rv|rif|res|antw|odp|회신|回复|答复|返信)\s?[::]\s*){0,3}[\[(【「]?"
# A word that only begins like one of these ("ooops") is none.
ABSENCE_SUBJECT = re.compile(rf"{_BEGINNING}(?:{_any_of(_ABSENCES)})(?![a-z](?<=oo\w))", re.IGNORECASE)
PERHAPS_ABSENCE_SUBJECT = re.compile(rf"{_BEGINNING}(?:{_any_of(_PERHAPS)})", re.IGNORECASE)
