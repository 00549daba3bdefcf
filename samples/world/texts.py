"""What complainants write: invented, with invented personal data in every fifth text for the product to strip."""

_PHONE = (
    "Säljaren ringde trots att numret är spärrat; ville inte säga vilket bolag det gällde.",
    "Fick en faktura efter ett samtal där jag bara bad om mer information.",
    "Uppringd tre gånger samma dag – alltid strax före klockan åtta på kvällen.",
    'De påstod att mitt gamla avtal hade gått ut och att jag måste svara "ja" på en fråga.',
    "Min mor, 84 år, fick ett abonnemang hon inte förstod. Ingen skriftlig bekräftelse har kommit.",
    "Tyst i luren, sedan la de på. Numret visade sig höra till ett callcenter.",
    'Erbjöds "lägre pris" men fakturan blev 349 € dyrare på ett år…',
)
_WEB = (
    "Gratisprovet på sidan blev en prenumeration; villkoren gick inte att läsa i mobilen.",
    "Priset i kassan var ett annat än i annonsen.",
    "Ångrade köpet inom 14 dagar men får inga pengar tillbaka.",
    "Leveransen uteblev och kundtjänsten svarar inte på mejl.",
    "Nedräkningen på sidan börjar om från början varje gång den laddas.",
)
_SHOP = (
    "Kampanjpriset på skylten gällde inte i kassan; personalen hänvisade till webben.",
    "Varan var trasig och butiken vägrade ta emot reklamationen.",
)
_OTHER = (
    "Uppsägningen bekräftades aldrig och avgiften dras fortfarande.",
    "Bindningstiden förlängdes utan att jag blev tillfrågad.",
    "Vill veta vad som gäller – har fått två olika besked om samma avtal.",
    "Påminnelseavgift på en faktura som redan var betald.\nHar kvitto från banken.",
)
_TEXTS = {"Telefonförsäljning": _PHONE, "Internet": _WEB, "E-post": _WEB, "Butik": _SHOP}
_CATEGORIES = {
    "Telefonförsäljning": ("Säljmetoder", "Marknadsföring", "Avtalsvillkor"),
    "Internet": ("Avtalsvillkor", "Prisinformation", "Marknadsföring"),
    "Sms": ("Spam",),
    "E-post": ("Spam", "Marknadsföring"),
    "Butik": ("Prisinformation", "Avtalsvillkor"),
}
_PERSONAL = (
    " Ring mig på 070-174 06 33.",
    " Jag heter Tora Låtsas och nås på tora.latsas@brevlada.example.",
    " Hälsningar Edvin Påhittig, Diktargatan 9, 000 00 Sagostad.",
    " Mitt personnummer är 410230-1233 om ni behöver det.",
    " Säljaren ringde från 08-465 004 88 och kallade sig Max.",
)


def tell(place: int, channel: str) -> tuple[str, str]:
    """Return (category, description) for the row at ``place``."""
    texts = _TEXTS.get(channel, _OTHER)
    categories = _CATEGORIES.get(channel, ("Avtalsvillkor", "Marknadsföring", "Säljmetoder"))
    text = texts[place % len(texts)]
    if place % 5 == 2:
        text += _PERSONAL[place // 5 % len(_PERSONAL)]
    return categories[place % len(categories)], text
