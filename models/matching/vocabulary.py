"""The closed classes of words in company names: legal forms, countries, groups, and the words that bind a sentence.

What a word weighs is learned from the register and the national file (``weights``). The short lists of trade words
and towns here are a prior for small registers, where counting says little.
"""

# ------------------------------------------------------------------ legal forms: spelling -> class
_FORMS = {
    "ab": "ab aktiebolag aktiebolaget aktiebol publ",
    "hb": "hb handelsbolag handelsbolaget",
    "kb": "kb kommanditbolag kommanditbolaget",
    "ef": "enskild firma",
    "ekfor": "ekfor",
    "as": "as asa aksjeselskap aktieselskab",
    "aps": "aps anpartsselskab",
    "ans": "ans",
    "nuf": "nuf",
    "enk": "enk",
    "ks": "ks",
    "is": "ivs",
    "oy": "oy oyj osakeyhtio",
    "ltd": "ltd limited plc",
    "inc": "inc incorporated",
    "corp": "corp corporation",
    "llc": "llc",
    "llp": "llp",
    "lp": "lp",
    "co": "co company",
    "gmbh": "gmbh mbh",
    "ag": "ag",
    "kg": "kg",
    "ug": "ug",
    "sa": "sa",
    "sas": "sas",
    "sarl": "sarl",
    "srl": "srl",
    "spa": "spa",
    "sl": "sl slu",
    "nv": "nv",
    "bv": "bv",
    "ou": "ou",
    "uab": "uab",
    "sia": "sia",
    "spzoo": "spzoo",
    "sro": "sro",
    "doo": "doo",
    "kft": "kft",
    "pty": "pty",
    "pte": "pte",
    "bhd": "bhd sdn",
    "kk": "kk",
    "se": "se",
    "filial": "filial filialen branch nuf",
}
LEGAL = {spelling: form for form, spellings in _FORMS.items() for spelling in spellings.split()}

# Forms that are words or initials too: a form only at the end of a name (or, the last three, in front).
AT_THE_END = frozenset("as asa ag sa se co company kg sl ks is lp kk nv bv ou sia spa sas ug ans enk".split())
IN_FRONT = frozenset("ab hb kb aktiebolaget handelsbolaget kommanditbolaget oy as".split())
COMPOUND_FORMS = ("aktiebolaget", "aktiebolag")
LONG_FORMS = ("aktiebolag", "aktiebolaget", "handelsbolag", "kommanditbolag")  # recognised misspelt

# The country a form points at; a name with two forms of one country is still one company's at home.
FORM_COUNTRY = {
    "ab": "se", "hb": "se", "kb": "se", "ekfor": "se", "ef": "se", "as": "no", "aps": "dk", "ans": "no", "oy": "fi",
    "ltd": "gb", "inc": "us", "corp": "us", "llc": "us", "gmbh": "de", "ag": "de", "bv": "nl", "nv": "nl",
}  # fmt: skip

# ------------------------------------------------------------------ words that say nothing by themselves
_COUNTRIES = {
    "se": "sverige sweden sverge svea",
    "no": "norge norway noreg",
    "dk": "danmark denmark",
    "fi": "finland suomi",
    "is": "island iceland",
    "de": "germany deutschland tyskland",
    "gb": "uk britain england",
    "us": "usa america",
    "nl": "netherlands nederland holland",
    "pl": "poland polska polen",
    "ee": "estonia estland eesti",
    "lv": "latvia lettland",
    "lt": "lithuania litauen",
    "fr": "france frankrike",
    "es": "spain espana spanien",
}
COUNTRIES = {word: code for code, words in _COUNTRIES.items() for word in words.split()}
GROUP_WORDS = frozenset(
    """nordic norden nordics scandinavia skandinavien international europe europa
    group grupp gruppen gruppe koncern koncernen holding holdings konsern konsernet grp intl""".split()
)
BINDING = frozenset("i och and og of the for pa av de & der und".split())
NOISE = frozenset("org orgnr organisationsnummer orgnummer nr tel tfn www http https".split())

# ------------------------------------------------------------------ a prior for small registers
TRADE_WORDS = frozenset(
    """energi el elhandel elbolag elbolaget kraft energy power gas solar sol solenergi solceller varme vatten vann
    telecom telekom tele telefon telefoni telefonbolag mobil mobile bredband bredbandsbolag broadband fiber fibre
    internet natet nat nett net kommunikation kommunikasjon communication communications media medier tv
    salj forsaljning salg sales telemarketing marknad marknadsforing marketing marked kundtjanst kundservice
    kundeservice service services tjanster tjenester support konsult konsulting consulting consultants radgivning
    bygg bygge building construction entreprenad entreprenor hantverk hantverkare handverk tak maleri maling vvs
    ror stad renhold cleaning larm alarm sakerhet sikkerhet security bevakning vakt forsakring forsakringar
    forsikring insurance assurance finans finance financial kredit kreditt credit inkasso collection collections
    bank banken lan lane loan loans mortgage capital kapital invest investment investments pension trygghet
    bemanning rekrytering rekruttering recruitment staffing data it teknik teknikk tech technology technologies
    software systems system solutions losningar losninger digital web webb studio design reklam tryck print
    trading trade handel import export halsa helse health healthcare medical vard omsorg vitaminer halsokost
    resor reiser travel transport frakt logistik logistics flytt akeri fastighet fastigheter eiendom property
    properties realty estate forvaltning management utbildning education event events mat food vin wine klader
    mobler furniture bil biler auto cars motor motors dack verkstad golv gulv kakel tradgard hage garden
    redovisning regnskap accounting juridik law legal fonster vinduer optik horsel miljo tidning
    avis lotteri lotteriet lottery foretag foretaget bolaget selskapet firma byra byran byra butik shop store
    marknads industri industrier industries partners partner center centre senter abonnemang lotto spel
    kontroll products produkter svenska svensk norsk norske nordisk nordiska scandinavian skandinaviska swedish
    norwegian european american national nationella nasjonal general global worldwide forenade
    allmanna callcenter contact""".split()
)
TOWNS = frozenset(
    """stockholm goteborg malmo uppsala vasteras orebro linkoping helsingborg jonkoping norrkoping lund umea gavle
    boras sodertalje eskilstuna halmstad vaxjo karlstad sundsvall ostersund lulea kalmar skovde kristianstad
    oslo bergen trondheim stavanger drammen tromso kristiansand kobenhavn copenhagen aarhus helsinki london
    manchester birmingham york chicago boston dallas texas california florida""".split()
)

# A surname is a name in its own right, so one letter off is another family: patterns instead of a long list.
SURNAME_HEADS = (
    "ahl|alm|ask|berg|bjork|blom|bo|bor|dahl|ed|ek|eng|fors|frid|gron|gran|hag|hall|hed|hell|hjel|hog|holm|hult|kall|"
    "kjell|kvist|lager|lilje|lind|ljung|lof|lund|malm|marklund|moll|ny|nor|nord|norr|ost|palm|ros|rosen|ryd|sand|sjo|"
    "skog|skoog|soder|sten|strand|strom|sund|svan|sved|tall|torn|val|vall|vester|vik|wall|wenn|west|wik|zetter|ak|"
    "ohr|oster"
)
SURNAME_TAILS = (
    "berg|berger|blad|blom|bom|borg|dahl|feldt|fors|gren|hammar|holm|hult|in|lind|ling|lof|lund|man|mark|"
    "qvist|kvist|quist|roos|roth|sjo|sten|stedt|strand|strom|vall|vik|wall|en|er|ell"
)

PATRONYMIC_STEMS = (
    "anders|johan|karl|carl|nil|erik|erick|lar|ol|per|pet|sven|gustaf|gustav|petter|peter|jon|jan|han|bengt|jon|jakob|"
    "magnu|olof|matt|fredrik|henrik|daniel|hakan|gunnar|samuel|fran|isak|arvid|clae|klae|marten|elia|pal|herman|ake|"
    "mikael|micael|rolf|knut|tor|jen|kristian|christian|pede|ander|johanne|emil|david|abraham|josef|simon|thoma|joel"
)
PATRONYMIC_TAILS = "son|sson|sons|ssons|sen|ssen|sens"

# Short forms that stand for a country or a group when a dot follows.
DOTTED_WEAK = frozenset("sv sve sver int intl inter grp scand".split())

# Words that end a name inside a sentence, all lower case in the fold.
SENTENCE_WORDS = frozenset(
    """jag vi du ni han hon de den det dom man mig mej oss er honom henne dem sig sin sitt sina min mitt mina var vara
    vart vill ville vara ar var varit bli blir blev blivit ha har hade haft kan kunde ska skulle skall maste far fick
    fatt ger gav gett sa sade sager sagt sager sagt ringde ringer ringt ringa ringts ringdes uppringd uppringda
    kontaktad kontaktade kontaktades kontaktat salde saljer salja salt salts skickade skickar skickat skicka fakturerade
    fakturerar fakturerat heter hette kallas pastod pastar pastatt utgav uppgav uppger menade menar tror tyckte lurade
    lurar lurat lovade lovar lovat tog tar kom kommer kommit gick gar bad ber krav kraver kravde
    som att om nar dar dit har hit da nu sen sedan igar idag imorgon imorse forra veckan
    och eller men for fran till pa av med utan hos via at over under mot innan efter mellan enligt genom vid ur
    inte ej aldrig alltid igen redan bara aven ocksa mycket hela tiden flera ganger dagligen varje trots angaende ang
    avseende rorande gallande betraffande anmalan klagomal faktura fakturan rakning rakningen avtal avtalet
    saljare saljaren foretaget bolaget firman kundtjanst kundtjansten
    was were is are be been being has have had do does did the a an and or but from to by with without of on at in
    who which that this they them their he she his her my me we our us you your called calls calling call phoned rang
    said says told claims claimed claiming sold sells selling sell sent sends offered offering charged billed contacted
    yesterday today again twice about against named not never
    jeg ble blitt fra til pa av med uten og eller som ikke ringte ringer solgte selger heter sendte regning faktura
    selger selgeren fikk hadde dette disse deres meg oss ham henne""".split()
)
