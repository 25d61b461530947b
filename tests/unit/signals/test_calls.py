"""Signals written as calls in text: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import polars as pl
import pytest

from fastmetrics import signals
from fastmetrics.errors import SchemaError
from fastmetrics.signals import SIGNALS


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("signals.refusal(answer)", signals.refusal("answer")),
        ("  signals.refusal ( answer = answer )\n", signals.refusal("answer")),
        ("signals.refusal('the answer', language=['en', 'de'])", signals.refusal("the answer", language=["en", "de"])),
        ('signals.json_has(answer, ["name", "args"])', signals.json_has("answer", ["name", "args"])),
        ("signals.json_has(answer, ('name',), fenced=True)", signals.json_has("answer", ["name"], fenced=True)),
        ("signals.format_error(answer, '[A-D]')", signals.format_error("answer", "[A-D]")),
        (
            "signals.cost(input_tokens, output_tokens, prices=(0.5, 1.5))",
            signals.cost("input_tokens", "output_tokens", prices=(0.5, 1.5)),
        ),
        (
            "signals.cost(input_tokens, output_tokens, model, prices={'a': (1, 2)})",
            signals.cost("input_tokens", "output_tokens", "model", prices={"a": (1, 2)}),
        ),
        ("signals.repetition(answer, last=16, times=3)", signals.repetition("answer", last=16, times=3)),
        (
            "signals.exact_match(answer, reference, normalise=True)",
            signals.exact_match("answer", "reference", normalise=True),
        ),
        ("signals.length(größe)", signals.length("größe")),
    ],
)
def test_a_call_is_the_expression_that_it_names(text: str, meant: pl.Expr) -> None:
    assert signals.parse(text).meta.eq(meant)


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_is_read(name: str) -> None:
    row = SIGNALS[name]
    options = {"json_has": ", ['a']", "format_error": ", 'a'", "cost": ", prices={'a': (1, 2)}"}
    text = f"signals.{name}({', '.join(row.columns)}{options.get(name, '')})"
    found = signals.parse(text)
    assert found.meta.output_name() == name
    assert set(found.meta.root_names()) == set(row.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("signals.refusl(answer)", "unknown signal 'refusl'; did you mean 'refusal'"),
        ("signals.refusal()", "missing a required argument: 'answer'; it is signals.refusal(answer, *, language='en')"),
        (
            "signals.refusal(answer, de)",
            "too many positional arguments; it is signals.refusal(answer, *, language='en')",
        ),
        ("signals.refusal(answer, lang='de')", "got an unexpected keyword argument 'lang'; it is signals.refusal"),
        (
            "signals.refusal(answer, language=de)",
            "language=de is not read; write text in quotes, a number, a list or a dict",
        ),
        ("signals.json_has(answer, [name])", "keys=[name] is not read; write text in quotes"),
        ("signals.refusal(answer, language='english')", "unknown language of refusals 'english'"),
        ("signals.refusal(answer, answer=answer)", "multiple values for argument 'answer'"),
        ("signals.refusal(answer.text)", "answer=answer.text is not read; write the name of a column, or text"),
        ("signals.refusal(3)", "3 is no column"),
        ("signals.refusal(*answer)", "is not read"),
        ("signals.refusal(**answer)", "** is not read"),
        ("signals.refusal(class)", "cannot be read: invalid syntax; expected a call of one signal"),
        ("signals.refusal(answer", "cannot be read: "),
        ("signals.refusal", "is not a call of one signal, such as signals.refusal(answer)"),
        ("refusal(answer)", "is not a call of one signal"),
        ("signals.a.b(answer)", "is not a call of one signal"),
        ("signals.refusal(answer) | signals.empty(answer)", "is not a call of one signal"),
        ("signals.parse('signals.empty(a)')", "unknown signal 'parse'"),
        ("signals.refusal(__import__('os').getcwd())", "is not read; write the name of a column"),
        ("", "cannot be read: "),
        ("signals.empty(\0)", "cannot be read: "),
        ("signals.empty(" + "(" * 5000 + ")" * 5000 + ")", "cannot be read: "),
        ("signals.empty(" + "-" * 50000 + "1)", "cannot be read: "),
    ],
)
def test_what_is_no_call_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        signals.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("given", [None, 3, b"signals.empty(a)", pl.col("a")])
def test_only_text_is_read(given: object) -> None:
    with pytest.raises(SchemaError, match="is not a call of one signal"):
        signals.parse(given)  # type: ignore[arg-type]
