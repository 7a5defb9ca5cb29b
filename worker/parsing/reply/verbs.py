"""The words of "On … wrote:" in the languages we know. Tables only."""

from worker.parsing.text import listed

#: how the line begins, lower case, in languages that begin it with a word; a digit must follow on the same line
STARTS = listed(
    """
    on | at | v | le | el | en | em | no dia | il | il giorno | il giorno il | in data | am | den | der | vom
    | op | dnia | w dniu | på | dne | dňa | de | la | la data de | în | pe | a | στις | την | в | у | на | от
    | in | ngày | vào | lúc | vào lúc | pada | pada tanggal | tanggal | tarihinde | ใน | เมื่อ | ในวันที่
    | в дата | dana | ob | from | quoting | zitat von | citando | citaat van | cytowanie | citerar | missatge de
    | mensagem de | van | von | em ter | 在 | 于 | 於 | בתאריך | ב | في | بتاريخ | kell | kuupäeval | datum
    | écrit le | --- on | ---- on | ---- le | ---- am | ---- el | ---- em | ---- op | ---- il | ---- den
    | ---- в
    """
)
#: days by which a line begins: three letters or fewer with a stop or comma behind them, or the whole word
WEEKDAYS = listed(
    """
    mon | tue | wed | thu | fri | sat | sun | monday | tuesday | wednesday | thursday | friday | saturday
    | sunday | mo | di | mi | do | fr | sa | so | montag | dienstag | mittwoch | donnerstag | freitag | samstag
    | sonntag | lun | mar | mer | jeu | ven | sam | dim | lundi | mardi | mercredi | jeudi | vendredi | samedi
    | dimanche | mié | mie | jue | vie | sáb | dom | lunes | martes | miércoles | jueves | viernes | sábado
    | domingo | gio | sab | lunedì | martedì | mercoledì | giovedì | venerdì | sabato | domenica | seg | ter
    | qua | qui | sex | segunda-feira | terça-feira | quarta-feira | quinta-feira | sexta-feira | ma | wo | vr
    | za | zo | maandag | dinsdag | woensdag | donderdag | vrijdag | zaterdag | zondag | mån | tis | ons | tors
    | fre | lör | sön | måndag | tisdag | onsdag | torsdag | fredag | lördag | söndag | man | tir | tor | lør
    | søn | mandag | tirsdag | lørdag | søndag | ke | to | pe | la | su | ti | maanantai | tiistai | keskiviikko
    | torstai | perjantai | lauantai | sunnuntai | pon | wt | śr | czw | pt | sob | niedz | nie | poniedziałek
    | wtorek | środa | czwartek | piątek | niedziela | po | út | st | čt | pá | ne | pondělí | úterý | středa
    | čtvrtek | pátek | neděle | ut | št | pi | пн | вт | ср | чт | пт | сб | вс | нд | понедельник | вторник
    | среда | четверг | пятница | суббота | воскресенье | понеділок | вівторок | середа | п’ятниця | неділя
    | sri | čet | ned | uto | sub | pet | sre | pzt | sal | çar | per | cum | cmt | paz | hét | kedd | sze
    | csüt | pén | szo | vas | joi | vin | sâm
    """
)
#: who wrote: whole words
VERBS = listed(
    """
    wrote | writes | said | schrieb | schreibt | hat geschrieben | geschrieben hat | geschrieben | ha escrit
    | a écrit | écrit | ecrit | a ecrit | a envoyé | vous a écrit | escribió | escribio | ha escrito
    | ha scritto | scrive | scrisse | escreveu | escreveu o seguinte | schreef | geschreven | heeft geschreven
    | skrev | napisał | napisała | napisał(a) | napisal | napisal(a) | napísal | napísal(a) | napísala | napsal
    | napsala | napsal(a) | pisze | píše | kirjoitti | írta | ezt írta | ezt írta (időpont | a scris | escrigué
    | va escriure | έγραψε | пишет | написал | написала | написал(а) | писал | писали | писала | писал(а)
    | написа | пише | написав | написав(-ла) | писав | yazdı | şunu yazdı | şunları yazdı | yazmış | כתב | כתבה
    | כתב/ה | كتب | كتبت | تمت كتابة ما يلي بواسطة | เขียนว่า | เขียน | đã viết | viết | menulis | tulis
    | napisao | napisao/la je | napisala | je napisao | je napisal | rašė | rakstīja | kirjutas | skrifaði
    """
)
#: who wrote, in scripts that put no space between words
BARE_VERBS = listed(
    """
    書きました | 書き込みました | さんのメッセージ | のメッセージ | のメール | から引用 | さんは言いました
    | 写道 | 寫道 | 写到 | 寫到 | 写了 | 編寫 | 작성 | 이(가) 쓴 글 | 님이 쓴 글 | 쓴 글 | 작성했습니다
    """
)
#: how a line begins that names the author first and the time, if at all, behind
OPENERS = listed(
    """
    quoting | zitat von | zitat | citando a | citando | citaat van | citat från | cytowanie | cytuję
    | wiadomość napisana przez | missatge de | message de | mensaje de | mensagem de | messaggio di
    | in reply to | in message | in article | цитирую | citace | lainaus
    """
)
#: what may stand between the verb and the colon
FILLERS = listed(
    """
    the following | as follows | following | folgendes | folgende nachricht | het volgende | o seguinte
    | lo siguiente | quanto segue | ce qui suit | følgende | följande | seuraavasti | co następuje | następująco
    | následující | следующее | наступне | şunu | at | message | (a) | (-a) | (а) | la
    """
)
#: before or behind the verb they show that a person quotes, not a program
PRONOUNS = frozenset(
    listed(
        """
    i | you | we | he | she | they | who | boss | ich | du | sie | ihr | wir | er | je | j'ai | tu | vous | nous
    | il | elle | ils | yo | tú | usted | ustedes | nosotros | eu | você | vocês | nós | io | lei | voi | noi
    | ik | jij | u | jullie | wij | hij | jag | vi | han | hon | de | jeg | hun | minä | sinä | hän | te | ja
    | ty | pan | pani | já | vy | я | ты | вы | мы | он | она | ви | ben | sen | siz | o | my | mein | mon | mi
    """
    )
)
