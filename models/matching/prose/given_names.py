"""Given names, by which a private person is told from a company."""

# The most usual given names in Sweden, and some of its neighbours' and immigrants'; folded, without accents.
_GIVEN = """
    adam agneta ahmed albin alexander alexandra alf alfred ali alice alicia allan alma alva amanda amelia amina anders
    andreas anette anita ann anna anneli annelie annette annica annika ann-christin ann-marie anton arne arvid asa
    astrid august axel barbro beatrice bengt benjamin berit bernt bertil birgit birgitta bjorn bo britt britta
    britt-marie camilla carin carina carl carolina caroline catarina catharina cecilia charlotte christer
    christian christina christine christoffer clara conny curt dag dan daniel daniela david dennis ebba eddie
    edith edvin edward elias elin elina elisabet elisabeth ella ellen elliot elsa elvira emelie emil emilia emily
    emma erica erik erika ester eva evelina fatima felicia felix filip filippa fredrik frida frans gabriel
    gabriella georg gerd gerda gert gertrud goran greta gudrun gun gunborg gunilla gunnar gunnel gunvor gustaf
    gustav gosta hakan hampus hanna hannah hannes hans harry hasan hassan hedvig helen helena helene helga henrik
    henry herman hilda hilma hjalmar hugo hussein ida inga inga-lill ingegerd ingemar inger ingmar ingrid ingvar
    irene iris isabella isabelle isak ivan jakob jan jan-erik janne jasmine jenny jens jeanette jerry jessica
    jimmy joakim joel johan johanna john johnny jonas jonathan jorgen josef josefin josefine julia juha julius kaj
    kajsa karin karl karl-erik karolina katarina katrin kenneth kent kenny kerstin kevin kim kjell klara klas knut
    kristian kristin kristina kristoffer kurt lars lars-erik lasse leif lena lennart leo lilian lillian lina linda
    linn linnea linus lisa lisbeth liv loke lotta louise lovisa lucas ludvig lukas magdalena magnus maja malin
    malte margareta margaretha maria mariana marianne marie marika mark marko markus marta martin martina marcus
    mathias matilda mats matteo mattias maud max maya melissa mia michael mikael milla minna mira mirjam moa
    mohamed mohammed mona monica monika my nadia naima natalie nathalie niklas nicklas niclas nicole nils nina
    noah noel nora ola olga olle olof oskar oscar osman otto ove oystein par patricia patrik paul paula pauline
    peder pelle per pernilla peter petra petter pia pierre pontus rebecka rebecca reidar rickard rikard rickard
    robert robin roger roland rolf ronja ronny rosa rose rune ruth saga sally samuel sandra sanna sara sarah
    sebastian selma shirin signe sigrid sigvard simon siv sixten sofia sofie solveig sonja stefan stellan sten
    stig stina sture sune susanna susanne svante svea sven sven-erik sverre sylvia tage tea terese teresia theo
    therese thomas thor thorbjorn thore tilda tim tina tobias tom tomas tommy tony torbjorn tord tore torsten tove
    tuva tyra ulf ulla ulla-britt ulrica ulrik ulrika urban ursula valter vanessa vera veronica veronika victor
    victoria viggo viktor viktoria vilhelm vilma vincent vivianne walter wilhelm william wilma yasmin yngve ylva
    yusuf yvonne ake asa ase orjan osten ashley barbara brian charles christopher dorothy elizabeth emily george
    james jane jennifer joseph karen kelly laura margaret mary matthew nancy patricia richard ronald sharon steven
    susan"""
GIVEN_NAMES = frozenset(_GIVEN.split())
