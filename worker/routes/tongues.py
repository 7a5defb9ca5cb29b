"""The most frequent words of languages that share a script, and letters that tell neighbours apart. Tables only."""

from __future__ import annotations


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: language -> words that hardly any text of that language is without; lower case
WORDS: dict[str, frozenset[str]] = {
    "en": _words(
        "the and to of you your is are was were i my we our have has had this that with for not please can could would "
        "it in on be from but will they there hello dear thanks thank regards when what how an been"
    ),
    "de": _words(
        "der die das und ist nicht ich wir sie mit ein eine einen einem für auf dem den des zu von haben habe bitte "
        "auch es im wie noch wenn aber oder bei nach mir uns ihre ihr hallo danke grüße grüßen sehr kann geehrte"
    ),
    "fr": _words(
        "le la les et est pas je vous nous une un des du de que qui pour dans avec sur mon ma mes votre notre ce cette "
        "bonjour merci ne au aux été plus mais cordialement il elle ai suis j'ai n'est c'est"
    ),
    "es": _words(
        "el la los las y es no que de en un una por para con mi su se lo le me pero como más muy hola gracias saludos "
        "usted ustedes está estoy tengo he ha del al cuando sin buenos días favor"
    ),
    "it": _words(
        "il lo la gli le e è non che di un una per con mi si sono ho ha del della dei nel alla al ma come più anche "
        "questo questa grazie buongiorno saluti vostro mio mia sono stato cordiali salve cosa"
    ),
    "pt": _words(
        "o a os as e é não que de em um uma por para com meu minha se do da dos das no na ao mas mais muito olá "
        "obrigado obrigada você está estou tenho seu sua foi como bom dia cumprimentos atenciosamente quando"
    ),
    "nl": _words(
        "de het een en is niet ik wij we u uw mijn van voor met op te dat die er aan ook maar heb heeft zijn hebben "
        "graag groet groeten bedankt hallo geachte beste naar bij als om wat kunt nog onze"
    ),
    "sv": _words(
        "och är inte jag vi ni det som att en ett på med för av till har den min mitt från kan om hej tack hälsningar "
        "mvh eller var så när men också er efter vad hur skulle"
    ),
    "da": _words(
        "og er ikke jeg vi det som at en et på med for af til har den min mit fra kan om hej tak hilsen venlig eller "
        "var så når men også jer efter hvad hvordan kunne blev noget mig"
    ),
    "no": _words(
        "og er ikke jeg vi det som at en et på med for av til har den min mitt fra kan om hei takk hilsen vennlig "
        "eller var så når men også dere etter hva hvordan kunne ble noe meg"
    ),
    "fi": _words(
        "ja on ei olen se että en mutta kun niin hän minä minun me meidän teidän mitä kiitos hei terveisin tämä oli "
        "hei en ole tilaus voitteko olla voi voitte jos myös vain vielä tai kanssa sitten joka ovat"
    ),
    "et": _words(
        "ja on ei see et ma mu mina meie teie kui aga siis oli ole olen tere aitäh lugupidamisega palun mis kas või "
        "ka seda selle veel väga kuid minu saab"
    ),
    "pl": _words(
        "i w nie na się z do jest że to jak o co ale dla mam mnie proszę dzień dobry dziękuję pozdrawiam czy po od "
        "przez za jestem mi są był została który która państwa moje tej tym"
    ),
    "cs": _words(
        "a v se na je že to s z do o jsem jsme není ale jak pro mi mě prosím dobrý den děkuji pozdravem by jako když "
        "si už po které který jsou máme mám můj vaše také"
    ),
    "sk": _words(
        "a v sa na je že to s z do o som sme nie je ale ako pre mi ma prosím dobrý deň ďakujem pozdravom by keď si už "
        "po ktoré ktorý sú máme mám môj vaše tiež bol"
    ),
    "sl": _words(
        "in je v na se da ne za z to so sem smo pa kot ki ali bi pri ni že tudi iz po prosim pozdravljeni hvala lep "
        "pozdrav moj vaš kako lahko še kaj imam"
    ),
    "hr": _words(
        "i u je na se da ne za s to su sam smo a kao koji ali bi kod nije već također iz po molim poštovani hvala "
        "lijep pozdrav moj vaš kako može još što imam li"
    ),
    "hu": _words(
        "a az és hogy nem is egy van ez meg de ha már csak kérem köszönöm üdvözlettel tisztelt jó napot én mi ön "
        "vagy vagyok volt mint még lesz nekem kell el szeretném"
    ),
    "ro": _words(
        "și în nu de la a este că pe cu un o să am pentru din mai ce sunt dar care bună ziua mulțumesc cu stimă vă "
        "rog mi fost ați acest această meu mea"
    ),
    "tr": _words(
        "ve bir bu için ile değil ne da de çok ben biz siz var yok ama gibi daha merhaba teşekkür ederim teşekkürler "
        "saygılarımla lütfen olarak olan sonra bana benim mi mı nasıl kadar"
    ),
    "vi": _words(
        "và là của không tôi có cho được các một này với những đã trong để khi người xin chào cảm ơn bạn chúng như "
        "về vì ở từ rất đến làm nhưng"
    ),
    "id": _words(
        "dan yang di tidak saya kami untuk dengan ini itu dari ada anda akan sudah bisa pada adalah atau juga ke "
        "terima kasih selamat mohon tolong halo salam belum karena dalam apa"
    ),
    "ca": _words(
        "el la els les i és no que de en un una per amb meu meva seu es ho em però com més molt hola gràcies "
        "salutacions vostè està estic tinc he ha del al quan sense bon dia si us plau aquest aquesta"
    ),
    "lt": _words(
        "ir yra ne kad į iš su tai aš mes jūs mano mūsų bet kaip už ar dėl prašau labas ačiū pagarbiai nuo po jau dar "
        "buvo man apie laba diena bus"
    ),
    "lv": _words(
        "un ir ne ka no ar uz es mēs jūs mans mūsu bet kā par vai lūdzu labdien paldies cieņu pēc jau vēl bija man "
        "lai tas šis kas nav"
    ),
    "ru": _words(
        "и в не на я что с по это как мы вы у к но за из от для мой мне нас здравствуйте спасибо пожалуйста уважением "
        "есть был было если же так бы он они когда или"
    ),
    "uk": _words(
        "і в не на я що з по це як ми ви у до але за із від для мій мені нас добрий день дякую будь ласка повагою є "
        "був було якщо та так би він вони коли або"
    ),
    "bg": _words(
        "и в не на аз че с по това как ние вие у до но за от ми мен нас здравейте благодаря моля поздрави е беше са "
        "съм ако така би той те когато или се да ще"
    ),
    "sr": _words(
        "и у не на ја да с по то како ми ви до али за из од мој мени нас поштовани хвала молим поздрав је био било "
        "су сам ако тако би он они када или се што није"
    ),
}
#: letters that only this one of several neighbours has
LETTERS: dict[str, str] = {
    "de": "ß",
    "es": "ñ¿¡",
    "pt": "ãõ",
    "sv": "äö",
    "da": "æ",
    "fi": "äö",
    "et": "õ",
    "pl": "łąęśżźćń",
    "cs": "řěů",
    "sk": "ľĺŕôä",
    "hu": "őű",
    "ro": "ăâșț",
    "tr": "ığş",
    "vi": "đơưạảấầậế",
    "lt": "ėųįū",
    "lv": "āēīļņķ",
    "ca": "·",
    "ru": "ыэё",
    "uk": "іїєґ",
    "bg": "ъщ",
    "sr": "ђћџљњј",
}
