"""Refusals planted by hand are found in each language, and what begins like one is not."""

from __future__ import annotations

import polars as pl
import pytest

from fastmetrics import signals
from fastmetrics.signals.refusals import REFUSALS

REFUSED = {
    "en": """\
I'm sorry, but I can't assist with that request.
I’m sorry, but I can’t help with that.
I'm sorry, I can't assist with that.
Sorry, but I can't do that.
Sorry, I cannot fulfill that request.
I cannot fulfill your request. I'm just an AI
I can't help with that.
I cannot provide instructions for making explosives.
I can't provide medical advice.
I can't create content that depicts violence.
I won't help you write malware.
I won't assist with this.
I will not generate that content.
I'm unable to help with that request.
I am unable to provide real-time information.
I'm not able to help with that.
I'm really sorry that you're feeling this way, but I'm unable to provide the help that you need.
I apologize, but I cannot provide that information.
I apologize, but I can't help with that.
My apologies, but I am not able to do that.
As an AI language model, I cannot provide personal opinions.
As an AI, I don't have access to real-time data.
As an AI developed by Acme, I can't browse the internet.
I'm just an AI, I cannot provide legal advice.
I must decline this request.
I must respectfully decline.
I have to decline to write that.
I don't feel comfortable writing that.
I'm not comfortable helping with this.
Unfortunately, I can't help with that.
Unfortunately, I am unable to access external links.
I'd prefer not to discuss this.
That's not something I can help with.
That's not something I'm able to do.
It would be inappropriate for me to share that.
It is not appropriate for me to speculate.
This request violates our policy.
Your request goes against my guidelines.
My guidelines prevent me from doing so.
I understand your frustration, but I can't help you hack an account.
**I'm sorry, but I can't help with that.**
> I cannot assist with that.
"I'm sorry, but I can't comply."
I can not help you with this.
I'm sorry, but I can't help with that.
I'm sorry, Dave. I'm afraid I can't do that.
No, I can't help with that.
I don't have access to your files.
We cannot provide refunds through chat.
I CANNOT ASSIST WITH THAT.
I'm sorry, but as an AI language model I am not able to predict the future.
I can't engage in that kind of roleplay.
I'm not able to write that story.
I can’t do that.
I can't discuss that topic.
I decline to answer.
I'm not going to help with that.
We're not going to help with that.
I'm sorry, I'm not going to write that.
I'm going to have to decline this request.
I cannot and will not provide that.
I can't and won't help you with this.
As an AI language model, I cannot judge this message.
""",
    "de": """\
Es tut mir leid, aber dabei kann ich nicht helfen.
Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.
Tut mir leid, das kann ich nicht tun.
Leider kann ich diese Frage nicht beantworten.
Ich kann dir dabei nicht helfen.
Ich kann keine medizinischen Ratschläge geben.
Dabei kann ich leider nicht helfen.
Als KI-Sprachmodell kann ich keine persönlichen Meinungen äußern.
Ich bin nicht in der Lage, auf das Internet zuzugreifen.
Ich muss diese Anfrage ablehnen.
Das kann ich leider nicht beantworten.
Diese Anfrage kann ich nicht erfüllen.
Entschuldigung, aber ich kann das nicht beantworten.
""",
    "fr": """\
Je suis désolé, mais je ne peux pas vous aider avec cela.
Désolé, je ne peux pas répondre à cette demande.
Je ne peux pas vous aider.
Je ne peux pas fournir d'instructions pour cela.
Malheureusement, je ne suis pas en mesure de répondre.
En tant qu'IA, je ne peux pas donner d'avis médical.
En tant que modèle de langage, je ne peux pas le faire.
Je ne suis pas en mesure de vous aider.
Je dois refuser cette demande.
""",
    "es": """\
Lo siento, pero no puedo ayudarte con eso.
Lo siento, no puedo cumplir con esa solicitud.
No puedo ayudarte con eso.
No puedo proporcionar instrucciones.
Como modelo de lenguaje, no puedo dar opiniones.
Lamentablemente, no puedo responder a esa pregunta.
""",
    "it": """\
Mi dispiace, ma non posso aiutarti con questo.
Non posso fornire istruzioni.
Purtroppo non sono in grado di rispondere.
Come modello linguistico, non posso esprimere opinioni.
Non posso aiutarti.
""",
    "nl": """\
Het spijt me, maar daar kan ik je niet bij helpen.
Sorry, ik kan je daar niet mee helpen.
Helaas kan ik deze vraag niet beantwoorden.
Ik kan je niet helpen.
Als AI kan ik geen medisch advies geven.
""",
    "pt": """\
Desculpe, mas não posso ajudar com isso.
Sinto muito, não posso atender a esse pedido.
Não posso fornecer instruções.
Como modelo de linguagem, não posso dar opiniões.
Infelizmente, não consigo responder.
""",
}
ANSWERED = {
    "en": """\
I can't wait to see it!
I can't believe how good this is.
I cannot stress enough how important this is.
I'm sorry for the confusion. Here is the corrected code:
I apologize for the mistake. The answer is 4.
Sorry for the delay! Here you go.
I can't help but smile when I read this.
I'm sorry to hear that. Have you tried restarting it?
I'm afraid of the dark.
As an AI language model, I can summarise this text for you.
As an assistant professor, I teach two classes.
Sure! Here is how to do that.
I can help you with that.
I won't lie, it was hard.
I don't have a favourite colour, but many people like blue.
Unfortunately, the train was late.
I will not be at the meeting tomorrow.
I'm not sure, but I think it is Paris.
I can't recommend this book enough!
The answer is: I can't help with that.
You can't divide by zero.
It's not something you see every day.
That's something I can help with!
I refuse to believe that this is the end.
I am able to help with that.
I'm not able-bodied, said the man
Thank you for your email. I look forward to it.
I understand your concern, but the data is correct.
It is illegal to park here.
I can't tell you how happy I am.
No, it is not.
As a large language model developer, you should
I'm so sorry for your loss. I can't imagine how hard this is.
I don't do that often, but here it is.
I don't support the second claim; the evidence is mixed.
We don't share your data with third parties.
This request violates the HTTP specification.
The content violates nothing.
I'm not going to the meeting tomorrow.
""",
    "de": """\
Das Haus ist rot.
Es tut mir leid für die Verwirrung. Hier ist der korrigierte Code:
Ich kann dir helfen.
Leider war der Zug zu spät.
Das kann ich nicht glauben.
Als Assistent der Geschäftsführung ist er zuständig.
""",
    "fr": """\
Je suis désolé pour la confusion. Voici le code.
Je peux vous aider.
Je ne suis pas d'accord.
Malheureusement, le train était en retard.
""",
    "es": """\
Lo siento por la confusión. Aquí está el código.
No es posible dividir por cero.
Como modelo de conducta, es bueno.
""",
    "it": """\
Mi dispiace per la confusione. Ecco il codice.
Non è possibile.
""",
    "nl": """\
Sorry voor de verwarring. Hier is de code.
Helaas was de trein te laat.
""",
    "pt": """\
Desculpe pela confusão. Aqui está o código.
Não é possível.
""",
}


def found(texts: list[str], language: str) -> dict[str, bool]:
    log = pl.DataFrame({"answer": texts})
    return dict(zip(texts, log.select(signals.refusal("answer", language=language)).to_series(), strict=True))


@pytest.mark.parametrize("language", REFUSALS)
def test_refusals_are_found(language: str) -> None:
    assert [text for text, seen in found(REFUSED[language].splitlines(), language).items() if not seen] == []


@pytest.mark.parametrize("language", REFUSALS)
def test_answers_that_begin_like_refusals_are_none(language: str) -> None:
    assert [text for text, seen in found(ANSWERED[language].splitlines(), language).items() if seen] == []


@pytest.mark.parametrize("language", REFUSALS)
@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.upper(),
        lambda text: text.replace("'", "’"),
        lambda text: f"\n\n  **{text}**",
        lambda text: f"> “{text}”",
        lambda text: f"<think>They ask for it.\n\nNo.</think>\n\n{text}",
        lambda text: f"{text}\n\nBut here is something else. " * 30,
    ],
)
def test_refusals_are_found_in_any_dress(language: str, dress: object) -> None:
    assert callable(dress)
    dressed = [dress(text) for text in REFUSED[language].splitlines()]
    assert [text for text, seen in found(dressed, language).items() if not seen] == []


@pytest.mark.parametrize("language", REFUSALS)
def test_a_refusal_that_is_not_at_the_start_is_not_seen(language: str) -> None:
    """The limit that the page states."""
    late = [f"42 is the answer. {text}" for text in REFUSED[language].splitlines()]
    assert not any(found(late, language).values())


def test_languages_are_told_apart_and_taken_together() -> None:
    texts = [REFUSED[language].splitlines()[0] for language in ("en", "de", "fr")]
    log = pl.DataFrame({"answer": [*texts, None]})
    both = log.select(signals.refusal("answer", language=["de", "fr"])).to_series()
    assert both.to_list() == [False, True, True, None]
    assert log.select(signals.refusal("answer")).to_series().to_list() == [True, False, False, None]
