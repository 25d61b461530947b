r"""How refusals begin, by language: patterns of regular expressions in small letters, for the start of an answer.

A pattern says what is refused, or that something is, as "I can't" alone begins much else: "I can't wait to see it".
``'`` stands for every apostrophe, and ``...`` for the rest of a line up to a question mark.
"""

from __future__ import annotations

__all__ = ["REFUSALS", "refusals"]

# Before the words: white space, marks of Markdown, quotes and dashes; a block of reasoning first.
LEAD = r"(?i)\A(?:\s*<think>[\s\S]*?</think>)?[\s*_#>\"'`“”„‘’«»(\[–—•¡\x{FEFF}-]*"

OBJECT = r"(?: you| users?| anyone| people| that| this| it| with| in| to| by| any| the| your|[.,;:!]|$)"
ACTS = (
    rf"(?:(?:help|assist|comply|engage|participate){OBJECT}|(?:do|say) (?:that|this|it|so)(?:[.,;:!]|$|"
    rf" for you| because| as)|"
    rf"(?:provide|fulfil|fulfill|answer|respond|reply|generate|create|produce|write|draft|compose|share|offer|support|"
    rf"discuss|continue|complete|carry out|process|proceed|accommodate|facilitate|promote|encourage|endorse|access|"
    rf"browse|perform|execute|condone|disclose|reveal|speculate|verify|translate|summari[sz]e|analy[sz]e|"
    rf"role-?play|pretend|impersonate|simulate)\b|"
    rf"give (?:you|out|advice|instructions|any|specific|medical|legal|financial|personal)\b|"
    rf"open (?:links|urls|files|attachments|web)|act as\b|be (?:a )?(?:part of|involved)|"
    rf"in good conscience)"
)
ADVERBS = (
    r"(?: (?:really|actually|ethically|legally|currently|directly|personally|just|simply|also|therefore|"
    r"be able to|respectfully|politely))*"
)
NOT = r"(?: (?:can't|cannot|can not|won't|will not)(?: and (?:won't|will not))?|(?: am|'m| are|'re) not going to)"
UNABLE = (
    r"(?: am|'m| are|'re)(?: \w+ly)? (?:unable to|not able to|uncomfortable\b|"
    r"not (?:allowed|permitted|programmed|designed|authori[sz]ed|qualified|equipped|comfortable|in a position)\b)"
)
DECLINE = (
    r"(?: must| have to| need to| will have to|'ll have to|(?: am|'m) going to(?: have to)?| would)?(?: \w+ly)? "
    r"(?:decline|refuse)"
    rf"(?: to {ACTS}| this| that| your|[.,;:!]|$)"
)
LACK = r" (?:don't|do not) (?:have|possess) (?:\w+ ){0,2}(?:access|ability|capability|permission|authori[sz]ation)\b"
WE = r"(?:i|we)"
REFUSE = (
    rf"{WE}(?:{NOT}{ADVERBS} {ACTS}|{UNABLE}|{DECLINE}|{LACK}|(?:'d| would) (?:rather|prefer) not(?: to)? {ACTS}|"
    rf" (?:don't|do not) (?:feel comfortable|provide|assist|engage in|help with|create|generate|produce|participate)\b)"
)
SORRY = r"(?:(?:i'm|i am|we're|we are) )?(?:so |very |really |truly |deeply |terribly |extremely )?(?:sorry|afraid)"
AI = (
    r"(?:an? |your )?(?:(?:large )?language model|ai|artificial intelligence|llm|chatbot|virtual assistant|"
    r"digital assistant|assistant)\b"
)

REFUSALS: dict[str, tuple[str, ...]] = {
    "en": (
        rf"(?:no[,.] |oh[,.] |well[,.] |hmm[,.] |but )?{REFUSE}",
        rf"{SORRY},?(?: but)?(?: that)? {WE} (?:can't|cannot|can not|am unable|won't|will not) (?:do|help|"
        rf"assist|provide|comply|answer|give|fulfil|fulfill|continue|share|discuss|create|write|tell|generate|"
        rf"respond|access|support|engage|offer|be able|make|say|agree|allow|let|process|perform|complete|see|"
        rf"find|view|open|recommend|advise)\b",
        rf"{SORRY}\b...\b{REFUSE}",
        rf"{SORRY}\b...(?:not something (?:that )?i|against my|violates|goes against)",
        rf"(?:(?:my |sincere )*apologies|i (?:sincerely |deeply |do )?apologi[sz]e|unfortunately|"
        rf"regrettably)\b...\b{REFUSE}",
        rf"as {AI}...\b(?:{REFUSE}|{WE} (?:can't|cannot|can not)\b)",
        rf"as {AI}...\b(?:i am|i'm|my) (?:programmed|designed|purpose|guidelines|programming)\b...\bnot\b",
        rf"(?:i'm|i am) (?:just |only |merely )?{AI}...\b{REFUSE}",
        rf"(?:that|this|it)(?:'s| is) not something (?:that )?{WE}(?:'m| am)? (?:can|able|willing|allowed|will)\b",
        rf"(?:that|this|it)(?:'s| is) something (?:that )?{WE}(?:'m| am)? "
        r"(?:can't|cannot|can not|won't|will not|not|unable)\b",
        r"(?:it|that|this)(?:'s| is| would be| is not|'s not| isn't| would not be| wouldn't be) "
        r"(?:\w+ ){0,3}(?:appropriate|inappropriate|unethical|ethical|illegal|irresponsible|"
        r"against my \w+)(?: \w+){0,2} for me to\b",
        r"(?:this|your|that|the) (?:request|question|prompt|content) (?:asks for something i can't|"
        r"(?:goes against|violates|is against|falls outside)...(?:polic|guideline|terms|rules|programming|principles|"
        r"values|of what i))",
        r"(?:my|our) (?:guidelines|programming|policy|policies|safety \w+|content \w+) (?:prevents?|"
        r"prohibits?|forbids?|don't allow|do not allow|doesn't allow|does not allow|don't permit)\b",
        rf"(?:i understand|i appreciate|i know|i hear|i see|thank you|thanks)\b...\bbut {REFUSE}",
    ),
    "de": (
        r"(?:es tut mir (?:\w+ )?leid|tut mir leid|entschuldigung|verzeihung|ich entschuldige mich|leider|"
        r"bedaure|ich bedauere)\b...\b(?:kann|können|darf|dürfen|werde|möchte) (?:ich|wir|dir|ihnen|das|dies|"
        r"diese\w*|dazu|dabei|hierzu|hierbei|keine?\w*|nicht|mich)\b...\b(?:nicht|keine?\w*)\b",
        r"(?:es tut mir (?:\w+ )?leid|tut mir leid|entschuldigung|leider)\b...\bich (?:kann|darf|werde) ..."
        r"\b(?:nicht|keine?\w*)\b",
        r"(?:es tut mir (?:\w+ )?leid|tut mir leid|entschuldigung|leider)\b...\bbin ich nicht in der lage\b",
        r"(?:ich|wir) (?:kann|können|darf|dürfen|werde) (?:\w+ ){0,4}(?:nicht|keine?\w*) "
        r"(?:\w+ ){0,4}(?:helfen|weiterhelfen|unterstützen|beantworten|antworten|bereitstellen|geben|"
        r"erstellen|schreiben|verfassen|erfüllen|nachkommen|anbieten|mitwirken)\b",
        r"(?:das|dies|diese \w+) (?:kann|darf|werde) ich (?:\w+ ){0,3}nicht (?:beantworten|erfüllen|"
        r"bearbeiten|tun|machen)\b",
        r"(?:dabei|dazu|damit|hierbei|bei dieser anfrage) (?:kann|darf|werde) ich (?:\w+ ){0,3}nicht\b",
        r"ich bin (?:leider )?nicht (?:in der lage|befugt|berechtigt|dafür programmiert)\b",
        r"als (?:ki|künstliche intelligenz|sprachmodell|ki-\w+|assistent)\b...\b(?:kann|darf|werde|"
        r"bin) ich\b...\b(?:nicht|keine?\w*)\b",
        r"ich (?:muss|möchte) (?:\w+ ){0,4}(?:ablehnen|verweigern)\b",
    ),
    "es": (
        r"(?:lo siento|lo lamento|disculpa|disculpe|perdón|perdona|lamentablemente|desafortunadamente|"
        r"me temo)\b...\bno (?:puedo|podemos|podré|me es posible|estoy (?:en condiciones|autorizad\w|"
        r"capacitad\w|program\w+))\b",
        r"(?:no|tampoco) (?:puedo|podemos|podré) (?:ayudar\w*|asistir\w*|proporcionar\w*|ofrecer\w*|"
        r"responder\w*|cumplir\w*|crear|generar|escribir|compartir\w*|brindar\w*|dar\w* (?:instrucciones|"
        r"consejos|información)|participar|realizar|continuar|hacer eso|hacerlo)\b",
        r"no (?:estoy|soy) (?:autorizad\w|capacitad\w|capaz|programad\w|en condiciones)\b",
        r"(?:como|soy) (?:un |una )?(?:modelo de lenguaje|ia|inteligencia artificial|asistente)\b...\bno "
        r"(?:puedo|tengo (?:acceso|la capacidad)|estoy)\b",
        r"(?:debo|tengo que) (?:rechazar|declinar|negarme)\b",
    ),
    "fr": (
        r"(?:(?:je suis |je )?(?:vraiment |sincèrement )?(?:désolée?|navrée?|regrette)|pardon|excusez-moi|"
        r"malheureusement|je m'excuse)\b...\bje ne (?:peux|puis|suis|pourrai|saurais|dispose|ferai|vais)\b",
        r"je (?:ne (?:peux|puis|pourrai|saurais)|ne suis pas en mesure de|ne suis pas capable de|"
        r"ne suis pas autorisée? à)(?: pas)? (?:vous |t'|te |y )?(?:aider|assister|fournir|répondre|créer|"
        r"générer|écrire|rédiger|partager|donner|proposer|participer|accéder|satisfaire|donner suite|"
        r"continuer|faire (?:cela|ça))\b",
        r"je ne (?:suis|serai) pas (?:en mesure|capable|autorisée?|programmée?|à l'aise)\b",
        r"en tant qu(?:e |')(?:\w+ )?(?:modèle de langage|ia|intelligence artificielle|assistant\w*)\b..."
        r"\bje ne (?:peux|puis|suis|dispose)\b",
        r"je (?:dois|me dois de) (?:refuser|décliner)\b",
        r"je refuse d",
    ),
    "it": (
        r"(?:mi (?:spiace|dispiace|scuso)|scusa|scusami|spiacente|sono spiacente|purtroppo)\b...\bnon "
        r"(?:posso|possiamo|potrò|sono (?:in grado|autorizzat\w|programmat\w))\b",
        r"non (?:posso|possiamo|potrò) (?:aiutar\w*|assister\w*|fornir\w*|risponder\w*|crear\w*|generar\w*|"
        r"scriver\w*|condivider\w*|soddisfar\w*|offrir\w*|partecipar\w*|continuare|farlo)\b",
        r"non sono (?:in grado|autorizzat\w|programmat\w)\b",
        r"(?:come|in quanto|sono) (?:un |un'|una )?(?:modello linguistico|ia|intelligenza artificiale|"
        r"assistente)\b...\bnon (?:posso|ho (?:accesso|la capacità)|sono)\b",
        r"(?:devo|sono costrett\w a) (?:rifiutar\w*|declinar\w*)\b",
    ),
    "nl": (
        r"(?:het spijt me|sorry|mijn excuses|excuses|helaas)\b...\b(?:kan|mag|zal|wil) (?:ik|je|u|dat|dit|"
        r"daar|hier)\b...\b(?:niet|geen)\b",
        r"(?:het spijt me|sorry|mijn excuses|excuses|helaas)\b...\bik (?:kan|mag|zal|wil)\b...\b(?:niet|geen)\b",
        r"(?:het spijt me|sorry|helaas)\b...\bben ik niet in staat\b",
        r"ik (?:kan|mag|zal) (?:\w+ ){0,4}(?:niet|geen) (?:\w+ ){0,4}(?:helpen|assisteren|verstrekken|geven|"
        r"beantwoorden|maken|schrijven|genereren|delen|voldoen|bieden)\b",
        r"(?:daar|hier) (?:kan|mag|zal) ik (?:\w+ ){0,3}niet\b",
        r"ik ben niet (?:in staat|bevoegd|gemachtigd|geprogrammeerd)\b",
        r"als (?:een )?(?:ai|taalmodel|kunstmatige intelligentie|ai-\w+|assistent)\b...\b(?:kan|mag|ben|"
        r"heb) ik\b...\b(?:niet|geen)\b",
        r"ik moet (?:\w+ ){0,4}(?:weigeren|afwijzen)\b",
    ),
    "pt": (
        r"(?:sinto muito|lamento|desculpe|desculpa|me desculpe|perdão|infelizmente|peço desculpas?)\b...\bnão "
        r"(?:posso|podemos|poderei|consigo|me é possível|estou (?:autorizad\w|apt\w|em condições))\b",
        r"não (?:posso|podemos|poderei|consigo) (?:ajud\w*|auxili\w*|fornec\w*|respond\w*|cri\w*|ger\w*|"
        r"escrev\w*|compartilh\w*|partilh\w*|oferec\w*|atend\w*|particip\w*|continuar|fazer isso|te ajudar|"
        r"lhe ajudar)\b",
        r"não (?:estou|sou) (?:autorizad\w|capaz|programad\w|em condições)\b",
        r"(?:como|sou) (?:um |uma )?(?:modelo de linguagem|ia|inteligência artificial|assistente)\b...\bnão "
        r"(?:posso|tenho (?:acesso|a capacidade)|estou|consigo)\b",
        r"(?:devo|tenho que|preciso) (?:recusar|declinar)\b",
    ),
}


def refusals(language: str) -> str:
    """The regular expression for the starts of answers that refuse in a language.

    One for several languages would be many times slower than one for each: it outgrows the cache of its automaton.
    """
    patterns = f"(?:{'|'.join(REFUSALS[language])})".replace("...", r"[^\n?]*?")
    return LEAD + patterns.replace("'", "['’ʼ´`]")
