"""Words of every day, folded: a name made of nothing else may as well be no name ("Lugn", "Nästa Steg").

A closed list cannot be complete. It holds what companies like to be called: numbers, qualities, times, and the usual
things of house, work and nature, in Swedish and English.
"""

from models.matching.prose.given_names import GIVEN_NAMES
from models.matching.vocabulary import SENTENCE_WORDS
from models.matching.weights import is_prior_common, is_surname

_WORDS = """
    noll ett en tva tre fyra fem sex sju atta nio tio elva tolv tretton fjorton femton tjugo trettio fyrtio femtio
    hundra tusen miljon halv hel dubbel forsta andra tredje fjarde femte sjatte sjunde attonde nionde tionde nasta
    sista senaste forra mitt mellan ovan under over snabb snabba snabbt lugn lugna lugnt trygg trygga tryggt saker
    sakra sakert enkel enkla enkelt smart smarta bra battre bast basta fri fria fritt ny nya nytt gammal gamla stor
    stora stort liten lilla sma lang langa kort korta hog hoga lag laga ljus ljusa mork morka varm varma kall kalla
    stark starka svag mjuk mjuka hard harda frisk friska glad glada ratt ratta riktig riktiga ren rena hela god goda
    gott fin fina vacker vackra klar klara klart tydlig oppen oppna vit vita svart svarta rod roda gron grona bla
    blaa gul gula guld silver brons rosa lila orange grata gra svar svaret fraga fragan steg steget val valet hjalp
    hjalpen rad raden radet tips plan planen mal malet vag vagen kraft kraften vind vinden sol solen mane manen
    stjarna stjarnan himmel himlen hav havet sjo sjon berg berget skog skogen dal dalen strand stranden kust kusten
    o on ang angen falt faltet trad tradet blad bladet blomma blomman ros rosen klover lycka lyckan eld elden vatten
    vattnet is isen sno snon regn regnet storm stormen natur naturen jord jorden varld varlden land landet stad
    staden by byn hus huset hem hemmet hemma rum rummet dorr dorren fonster horn hornet hornan bro bron port porten
    torn tornet tak taket vagg vaggen golv golvet bord bordet stol stolen tid tiden dag dagen natt natten morgon
    morgonen kvall kvallen vecka veckan manad manaden ar aret framtid framtiden nu idag igar imorgon alltid aldrig
    ofta snart sen senare forr mandag tisdag onsdag torsdag fredag lordag sondag januari februari mars april maj
    juni juli augusti september oktober november december var varen sommar sommaren host hosten vinter vintern jul
    julen pask pasken rost rosten ord ordet sprak samtal samtalet telefon telefonen ring ringa ringer prat pratet
    dialog kontakt kontakten linje linjen ton tonen signal signalen puls pulsen eko ekot hjarta hjartat hand handen
    huvud huvudet oga ogat ora orat fot foten sjal sjalen kropp kroppen halsa halsan liv livet barn barnet familj
    familjen van vannen granne grannen kompis mamma pappa mor far bror syster folk folket manniska hund hunden katt
    katten bjorn bjornen varg vargen rav raven orn ornen falk falken duva duvan svan svanen hast hasten lejon
    lejonet tiger bi biet fjaril fjarilen fisk fisken lax laxen penna pennan bok boken brev brevet sida sidan nyckel
    nyckeln las laset klocka klockan lampa lampan bat baten bil bilen tag taget flyg flyget cykel cykeln resa resan
    spar sparet pengar penga krona kronor pris priset rabatt gava gavan vinst vinsten chans chansen lott lotten spel
    spelet arbete arbetet jobb jobbet kund kunden vara varor tjanst tjansten service produkt handel kop salj byt
    byte pepp kul lagom fika frid ro lust mod kanal kanalen punkt punkten cirkel cirkeln kvadrat form formen farg
    fargen start starta stopp mer mest minst fler flest lite allt inget nagot alla ingen manga varje bara ocksa igen
    ja nej tack hej halla okej visst sant falskt one two three four five six seven eight nine ten eleven twelve
    first second third next last best better good great fast easy simple free new safe calm open clear direct now
    today future always right bright green blue red white black gold sun moon star sky sea lake hill river stone
    tree leaf rose light power energy wind water fire home house door key time day night life heart voice word call
    phone line sound echo contact help answer answers step steps way goal choice value price deal offer gift chance
    game win money bank market people friend family world city north south east west point circle square net link
    web wave spirit soul nord norr syd soder ost oster vast vaster norra sodra ostra vastra
"""
EVERYDAY = frozenset(_WORDS.split())


def is_everyday(word: str) -> bool:
    """Tell whether a folded word, with or without a genitive s, also means something that is no company."""
    return any(
        one in EVERYDAY or one in GIVEN_NAMES or one in SENTENCE_WORDS or is_prior_common(one) or is_surname(one)
        for one in {word, word.removesuffix("s")}
    )
