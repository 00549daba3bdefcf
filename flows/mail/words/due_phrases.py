"""The phrases about what members owe: the list for staff, and the letter to a member."""

from collections.abc import Mapping

DUE_PHRASES: Mapping[str, tuple[str, str]] = {
    # the list for staff
    "dues": ("Självdeklarationer som saknas", "Declarations not handed in"),
    "introduced_dues": ("Självdeklarationer som redan saknas", "Declarations missing already"),
    "received_dues": ("Självdeklarationer som har kommit in", "Declarations handed in"),
    "subject_dues_one": ("En självdeklaration saknas", "One declaration not handed in"),
    "subject_dues": ("{count} självdeklarationer saknas", "{count} declarations not handed in"),
    "introduced_dues_text": (
        "Regeln {rules} är ny eller ändrad. Därför har inget brev gått till dessa medlemmar; nästa går ut vid nästa "
        "påminnelsedag. Ett brev nu: koll declarations remind MEDLEM.",
        "The rule {rules} is new or changed. So these members have not been written to; the next letter goes out on "
        "the next reminder day. One now: koll declarations remind MEMBER.",
    ),
    "dues_text": (
        "Att en deklaration saknas säger inget om hur medlemmen sköter sig. Alla: koll declarations status",
        "That a declaration is missing says nothing about how the member behaves. All: koll declarations status",
    ),
    "due_member": ("Medlem", "Member"),
    "due_year": ("År", "Year"),
    "due_on": ("Senast", "Due"),
    "due_state": ("Läge", "State"),
    "due_in": ("om {days}", "in {days}"),
    "due_today": ("i dag", "today"),
    "due_late": ("{days} försenad", "{days} late"),
    "due_told": ("{state}, brev till medlemmen", "{state}, the member is written to"),
    "due_not_told": ("{state}, inget brev: skriv själva", "{state}, no letter: write yourselves"),
    "due_no_contact": ("{state}, ingen adress i registret", "{state}, no address in the register"),
    "due_waiting": ("{state}, inkommen men i karantän", "{state}, received but quarantined"),
    "due_came": ("inkommen {day}", "received {day}"),
    # the letter to a member
    "declare_subject": (
        "Självdeklarationen för {year}: {name}",
        "The self-declaration for {year}: {name}",
    ),
    "declare_subject_late": (
        "Påminnelse om självdeklarationen för {year}: {name}",
        "Reminder of the self-declaration for {year}: {name}",
    ),
    "declare_hello": ("Hej!", "Hello,"),
    "declare_soon": (
        "Det är dags att lämna in självdeklarationen för {name}. Den gäller räkenskapsåret {span} och ska ha kommit in "
        "senast {day}.",
        "It is time to hand in the self-declaration for {name}. It is about the business year {span} and is due on "
        "{day}.",
    ),
    "declare_late": (
        "Självdeklarationen för {name}, räkenskapsåret {span}, skulle ha kommit in senast {day}. Vi har inte fått den.",
        "The self-declaration for {name}, for the business year {span}, was due on {day}. We have not received it.",
    ),
    "declare_how": (
        "Fyll i formuläret som ni har fått av oss och skicka tillbaka det. Saknar ni det, eller behöver ni mer tid? "
        "Svara på det här brevet, så hjälper vi er.",
        "Please fill in the form you have got from us and send it back. Do you miss it, or need more time? Answer this "
        "letter and we will help you.",
    ),
    "declare_enclosed": (
        "Formuläret ligger i bilagan, med det som vi redan vet ifyllt. Svara på frågorna, spara filen och skicka den "
        "tillbaka som bilaga i ett svar på det här brevet. Behöver ni mer tid, eller är något oklart? Skriv det i "
        "svaret.",
        "The form is enclosed, filled in with what we know already. Please answer the questions, save the file and "
        "send it back attached to an answer to this letter. Do you need more time, or is anything unclear? Tell us in "
        "your answer.",
    ),
    "declare_crossed": (
        "Har ni skickat den de senaste dagarna kan ni bortse från brevet.",
        "If you have sent it within the last few days, please disregard this letter.",
    ),
    "declare_regards": ("Vänliga hälsningar", "Kind regards"),
    "declare_why": (
        "Brevet kommer till er för att adressen står som kontakt för {name} i vårt medlemsregister. Säg till om den "
        "har ändrats.",
        "You get this because this address is the contact for {name} in our register of members. Tell us if it has "
        "changed.",
    ),
}
