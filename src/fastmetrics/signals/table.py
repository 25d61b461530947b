"""The table of signals."""

from __future__ import annotations

from fastmetrics.signals import answers, documents, requests
from fastmetrics.signals.signal import Signal

__all__ = ["SIGNALS"]

# fmt: off
ROWS = (
    Signal(answers.empty, ("answer",), "flag",
           "the answer is nothing but white space", "a null answer is null, not empty"),
    Signal(requests.truncated, ("finish_reason",), "flag",
           "the provider says that the answer was cut off: `length`, `max_tokens`, `MAX_TOKENS`, ...",
           "reasons of providers that it does not know are false"),
    Signal(answers.refusal, ("answer",), "flag",
           "the answer begins as refusals begin: phrases of a `language` or several",
           "a heuristic: refusals later in the answer, in other words or other languages are not seen"),
    Signal(documents.json_valid, ("answer",), "flag",
           "the answer is JSON and nothing else, or one fenced block of it with `fenced=True`",
           "not valid: more than 127 levels, numbers beyond Float64, halves of surrogate pairs"),
    Signal(documents.json_has, ("answer",), "flag",
           "the answer is a JSON object with each of `keys` at its top level",
           "those of `json_valid`; keys with a backslash cannot be asked for"),
    Signal(answers.format_error, ("answer",), "flag",
           "the answer as a whole does not match the regular expression `pattern`",
           "regular expressions of Rust: no look-around, no back-references"),
    Signal(answers.repetition, ("answer",), "flag",
           "the answer ends in a loop: its `last` 32 characters stand in it 4 `times` or more",
           "loops that ended, or that count on, are not seen; the last rows of a table may be equal"),
    Signal(requests.tool_error, ("result",), "flag",
           "status, flag, HTTP status or output of a tool says that it failed",
           "outputs that tell of a failure later, or in other words, are not seen"),
    Signal(requests.error, ("error",), "flag",
           "the column holds an error: a message, a type, True, an HTTP status of 400 or more",
           "null is no error, so that it has no missing rows"),
    Signal(requests.tokens_per_second, ("output_tokens", "latency_ms"), "number",
           "tokens of output by second of latency", "null where the latency is not above 0"),
    Signal(requests.cost, ("input_tokens", "output_tokens", "model"), "number",
           "what the tokens cost at `prices` per million, of all models or by model",
           "null for a model without a price; cached tokens cost what others do"),
    Signal(answers.length, ("answer",), "number",
           "characters of the answer, or its `unit` words or bytes", "words are what stands between white space"),
    Signal(answers.exact_match, ("answer", "reference"), "flag",
           "the answer is the reference, with `normalise=True` by the rules of SQuAD",
           "one reference; `fm.text` takes several"),
)
# fmt: on

SIGNALS = {row.name: row for row in ROWS}
