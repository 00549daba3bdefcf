"""English and Norwegian words to put into the generator: names that no list of the matcher was made for.

All invented or everyday words; legal forms are exchanged with those of the country.
"""

import re
from types import ModuleType

ENGLISH = {
    "SECTORS": """Plumbing Roofing Catering Bakery Joinery Masonry Carpets Blinds Kitchens Bathrooms Scaffolding
    Haulage Couriers Removals Storage Laundry Tailoring Jewellery Antiques Florist Gardens
    Landscaping Nurseries Dental Vision Hearing Physio Wellness Fitness Tuition Languages Publishing
    Printing Signage Packaging Plastics Metals Forging Tooling Engineering Surveying Drafting
    Mapping Drones Robotics Batteries Heating Boilers Glazing Windows Doors Fencing Paving Drainage
    Cleaning Recycling Waste Timber Paper Textiles Footwear Cosmetics Brewing Coffee Seafood
    Butchers Farms Feeds Stables Kennels Yachts Cycles Tyres Motors Rentals Leasing Lettings Brokers
    Wealth Claims Payroll""".split(),
    "GEO": "Britannia Celtic Highland Lowland Northern Southern Western Eastern Midland Coastal Anglian".split(),
    "PLACES": """Wexcombe Harrowden Tilbrook Marlsea Penrose Ashdown Brackley Coldstream Dunmore Elmstead
    Fernhill Glenrock Hartsea Inverlea Kelsworth Langmere Moorgate Newhaven Oakhampton Pickering
    Quorndon Redmarsh Selwick Thornbury Ullswick Verwood Whitmore Yardley Saltburn Ribbleton
    Larkhill Kingsmead Holbrook Gransby""".split(),
    "SURNAMES": """Harcourt Pemberton Whitlock Ashworth Bramley Cartwright Dunstan Eddington Fairfax Gresham Hollis
    Ingram Jessop Kershaw Lattimer Maddox Norwood Oldham Prescott Quigley Radcliffe Sheldon
    Thackeray Underhill Vickers Wainwright Yates Blackwood Crowther Dalton Ellery Foxley Godwin
    Hathaway Kendrick Lockhart Merrick Nettleton""".split(),
    "FIRST": "Alice Bernard Clara Douglas Edith Frank Grace Harold Ivy Jack Kitty Leonard Mabel Norman Olive".split(),
    "WORDS": """Amber Anchor Apple Arrow Beacon Bell Birch Bramble Bright Brook Cedar Cliff Clover Copper Coral
    Crown Dawn Deer Dove Eagle Ember Falcon Fern Flint Forge Fox Garnet Glen Grove Harbour Hazel
    Heron Holly Iron Ivory Jade Kestrel Lantern Laurel Linden Lion Maple Meadow Mill Mint North Oak
    Opal Orchard Otter Pearl Pine Prism Quill Raven Reed Ridge Robin Rowan Sable Sage Shore Slate
    Spark Spring Stag Swift Tide Timber Vale Violet Wharf Willow""".split(),
    "FORMS": {"AB": "Ltd", "ab": "ltd", "Aktiebolag": "Limited", "aktiebolaget": "limited", "HB": "LLP", "KB": "LP"},
}  # fmt: skip
NORWEGIAN = {
    "SECTORS": """Rørlegger Taktekking Snekker Murer Gulvlegging Flislegging Maling Glassmester Låsesmed Elektro
    Varmepumpe Solcelle Strøm Bredbånd Mobilnett Renhold Vaktmester Flyttebyrå Budbil Transport
    Spedisjon Lager Bakeri Kjøtt Fisk Grønt Frukt Kaffe Vinhandel Blomster Hagesenter Anlegg Graving
    Betong Stål Sveis Verktøy Maskin Regnskap Revisjon Lønn Inkasso Forsikring Megling Eiendom
    Utleie Hytter Reise Hotell Trening Fysio Tannlege Optiker Høresenter Barnehage Skole Kurs Språk
    Forlag Trykkeri Skilt Reklame Foto Film Lyd Lys Teater Dans Musikk Seil Båt Motor Sykkel Dekk
    Bilpleie Verksted""".split(),
    "GEO": "Norske Nordnorsk Vestlandske Sørlandske Trønderske Fjordens Fjellets Kystens Østlandske".split(),
    "PLACES": """Bjerkvik Dalsnes Eidsdal Fagerheim Granvin Haugsjord Indreøy Kvamsdal Leirfall Melhamn Nesbyen
    Olderdal Rauland Skodvik Tangvik Ulvsund Valldal Ytterland Ørskog Åmli Hovden Bremnes Selje
    Frosta""".split(),
    "SURNAMES": """Aasheim Bakken Dahle Eikeland Fossum Grimstad Haugland Isdal Kleppe Lunde Mørk Nygaard Opdahl
    Rustad Solbakken Tveit Ulven Vangen Ødegård Åmot Brekke Fjørtoft Gjerde Helland Kvamme Myhre
    Skaar Sletten""".split(),
    "FIRST": "Astrid Bjørn Dagny Einar Frida Geir Hilde Ivar Jorunn Kari Leif Marit Nora Odd Ragnhild Sigurd".split(),
    "WORDS": """Bjørk Bre Bris Dugg Elv Fjell Fjord Foss Furu Gran Havn Hauk Hav Høst Is Kløver Kraft Kyst Lyn
    Lys Måke Måne Nord Odde Rein Rogn Ros Rype Sjo Skarv Skår Snar Snø Sol Stein Stjerne Storm Strå
    Svale Tind Torn Trygg Ugle Ulv Vann Vest Vidde Vind Vinter Ørn Øst Ås Varde Skog Eng Blank""".split(),
    "FORMS": {"AB": "AS", "ab": "as", "Aktiebolag": "Aksjeselskap", "aktiebolaget": "as", "HB": "ANS", "KB": "KS"},
}  # fmt: skip
VOCABULARIES = {"english": ENGLISH, "norwegian": NORWEGIAN}
Row = dict[str, object]


def put_in(bench: ModuleType, vocabulary: str) -> None:
    """Exchange the generator's words; its coined names keep their sounds."""
    for name, value in VOCABULARIES[vocabulary].items():
        if name != "FORMS":
            setattr(bench, name, value)


def exchange_forms(
    world: tuple[list[Row], list[Row], list[str]], vocabulary: str
) -> tuple[list[Row], list[Row], list[str]]:
    """Return the world with the legal forms of the vocabulary's country."""
    forms = VOCABULARIES[vocabulary]["FORMS"]
    assert isinstance(forms, dict)
    pattern = re.compile(rf"\b(?:{'|'.join(forms)})\b")

    def exchange(text: object) -> str:
        return pattern.sub(lambda hit: forms[hit.group()], str(text))

    register, mentions, others = world
    register = [{**row, "legal_name": exchange(row["legal_name"])} for row in register]
    mentions = [{**row, "text": exchange(row["text"])} for row in mentions]
    return register, mentions, [exchange(name) for name in others]
