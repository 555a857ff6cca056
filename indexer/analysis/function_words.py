"""Words that shoppers type and products do not mean: function words and filler, by language.

They are kept in the query with next to no weight rather than removed, so that titles with them are
still told from titles without. What is also a thing or a brand (can, under) is not in the lists.
Languages that are not here have none.
"""

from __future__ import annotations

import re
from functools import cache

from indexer.analysis.text import fold

_CONTRACTED = re.compile(r"(.+)'(?:d|ll|m|re|s|t|ve)")  # what's, mum's, don't

_WORDS: dict[str, str] = {
    "english": """
        a an and any are as at am be been both but by could did do does doesn don each either
        for from had has have he her here hers him his how i if in into is isn it its just like
        me mine my no nor not of on or our ours own she should so some such than that
        the their them then there these they this those to too until us very was we were
        what when where which while who why will with won would you your yours
        about during through without
        affordable anything best buy cheap cheapest find get give good great ideal inexpensive
        looking need nice online perfect please shop show something suitable want
        boyfriend dad daughter friend girlfriend grandma grandpa husband mom mum son wife
    """,
    "german": """
        aber alle als also am an auch auf aus bei beim bin bis bist da damit das dass dem den der
        des dich die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen
        einer eines er es euch euer fur gegen habe haben hat hier ich ihm ihn ihr ihre ihrem ihren
        ihrer im in ins ist ja kann kein keine keinem keinen keiner man mein meine meinem meinen
        meiner mich mir mit nach nicht noch nur ob oder ohne sehr sein seine seinem seinen seiner
        sich sie sind so um und uns unser unsere unter vom von vor war was weil wenn wer wie wir
        wird zu zum zur zwischen uber
        beste bester bestes billig billige billiger brauche fuer gunstig gunstige gunstiger gut
        gute guten guter gutes kaufen online passend schon schone schoner schones suche
    """,
    "french": """
        a ai au aux avec ce ceci cela ces cet cette comme d dans de des du elle elles en entre es
        est et etre eu eux fait il ils j je l la le les leur leurs lui m ma mais me meme mes moi
        mon n ne nos notre nous on ou par pas pour qu que qui s sa sans se ses si son sont sous
        sur t ta te tes toi ton tu un une vos votre vous y
        acheter bon bonne bons cherche meilleur meilleure ligne cher chere
    """,
    "spanish": """
        a al algo ante como con contra cual de del desde donde e el ella ellas ellos en entre era
        es esa esas ese eso esos esta estas este esto estos ha hay la las le les lo los mas me mi
        mis muy ni no nos nosotros o os para pero por que quien se ser si sin sobre son su sus
        tambien te tu tus u un una unas uno unos y ya yo
        barata baratas barato baratos buena buenas bueno buenos busco comprar mejor mejores online
    """,
    "italian": """
        a ad agli ai al alla alle allo anche c che chi ci coi col come con d da dagli dai dal dalla
        dalle dallo degli dei del della delle dello di e ed gli ha ho i il in io l la le lei li lo
        loro lui ma mi mia mie miei mio ne negli nei nel nella nelle nello noi non o per piu quale
        quella quelle quelli quello questa queste questi questo se si sono su sua sue sugli sui
        sul sulla sulle sullo suo suoi tra tu tua tuo un una uno voi
        buona buoni buono cerco comprare economica economici economico migliore migliori online
    """,
    "dutch": """
        aan al als bij dan dat de den der deze die dit doch door dus een en er ge geen had heb
        heeft het hier hij hoe hun ik in is ja je kan me meer met mij mijn na naar niet nog nu of
        om omdat onder ons onze ook op over te tegen toch tot u uit uw van veel voor want was wat
        we wel werd wie wij wil wordt zal ze zich zij zijn zo zonder
        beste goed goede goedkoop goedkope kopen mooi mooie online zoek
    """,
    "portuguese": """
        a ao aos as com como da das de dela dele deles depois do dos e ela elas ele eles em entre
        era essa esse esta estas este estes eu foi ha isso isto ja lhe mais mas me mesmo meu meus
        minha minhas muito na nas nem no nos nossa nosso num numa o os ou para pela pelas pelo
        pelos por qual quando que quem se sem seu seus so sua suas tambem te tem teu tu um uma
        umas uns voce
        barata baratas barato baratos boa bom comprar melhor melhores online procuro
    """,
    "swedish": """
        alla att av blir da de dem den denna deras dessa det detta dig din dina ditt du dar efter
        ej eller en er ett for fran ha han hans har hon hur i icke in inte ju jag kan man med men
        mig min mina mitt mot mycket ni nu nar nagon nagot och om oss pa samma sig sin sina sitt
        ska som sa till under upp ut utan vad var vara vi vid at over
        bast basta billig billiga billigt bra fin fint kopa online soker
    """,
    "danish": """
        af alle bliver da de dem den denne der deres det dette dig din dine disse dit du efter
        eller en end er et for fra ham han hans har have hende her hos hun hvad hvis hvor i ikke
        ind jeg jer kan man med meget men mig min mine mit mod ned noget nogle nu og om op os over
        pa sig sin sine sit skal som sa til ud uden under var vi vil ville at
        bedst bedste billig billige god godt kob online soger
    """,
    "norwegian": """
        alle at av ble da de dem den denne der deres det dette deg din dine disse ditt du eller en
        enn er et etter for fra han hans har hennes her hos hun hva hvis hvor i ikke inn jeg kan
        man med men meg min mine mitt mot mye noe noen nar na og om opp oss over pa samme seg sin
        sine sitt skal som sa til ut uten under var vi vil
        best beste billig billige bra fin god kjope online
    """,
}


def is_function_word(word: str, language: str) -> bool:
    """Whether `word`, caseless, says nothing about a product.

    Args:
        word: may be contracted with another one (``what's``, ``mum's``).
        language: one without a list has no such words.
    """
    words = _function_words(language)
    folded = fold(word)
    if folded in words:
        return True
    contracted = _CONTRACTED.fullmatch(folded)
    return contracted is not None and contracted[1] in words


@cache
def _function_words(language: str) -> frozenset[str]:
    return frozenset(_WORDS.get(language, "").split())
