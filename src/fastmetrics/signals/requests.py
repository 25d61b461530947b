"""Signals of requests: why an answer ended, what failed, how fast it came and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.errors import SchemaError
from fastmetrics.signals.columns import anything, number, text

__all__ = ["Prices", "cost", "error", "tokens_per_second", "tool_error", "truncated"]

Prices = tuple[float, float] | Mapping[str, tuple[float, float]]
"""What a million tokens cost, of input and of output: for all rows, or by model."""
MILLION = 1_000_000

# Reasons to stop before the answer was done, in small letters. Names of enumerations stand before some of them.
TRUNCATED = (
    "length",  # OpenAI, Azure, Mistral, DeepSeek, vLLM, SGLang, TGI, Ollama, Amazon Titan
    "max_tokens",  # Anthropic, Bedrock, Gemini, Cohere, watsonx
    "maxtokens",  # Gemini in .NET and Dart
    "max_output_tokens",  # OpenAI Responses
    "max_new_tokens",
    "max_length",
    "max_len",  # xAI: REASON_MAX_LEN
    "max_context",  # xAI: REASON_MAX_CONTEXT
    "model_length",  # Mistral: the context is full
    "model_context_window_exceeded",  # Anthropic, Bedrock
    "error_limit",  # Cohere: the context is full
    "token_limit",  # watsonx
    "time_limit",  # watsonx
    "limit",  # llama.cpp
)
ENUMERATION = r"(?:finish_?reason[._]|stop_?reason[._]|reason_)?"
# An item of a list that was written as text, as ["length"], has brackets and quotes around it.
TRUNCATION = rf"(?i)\A[\s\[\"']*{ENUMERATION}(?:{'|'.join(TRUNCATED)})[\s\]\"']*\z"

FINE = (
    r"null|none|nan|false|no|n/a|0|0\.0|\[\]|\{\}|ok|okay|success|successful|succeeded|complete|completed|done|finished|"
    r"unset|status_code_(?:ok|unset)|[123]\d\d(?:\.0| ok)?"
)
NO_ERROR = rf"(?i)\A\s*(?:{FINE})?\s*\z"
FAILED = (
    r"true|yes|1|1\.0|err|error|errored|fail|failed|failure|exception|timeout|timed[ _-]?out|cancelled|canceled|"
    r"aborted|denied|rejected|invalid|status_code_error|[45]\d\d(?:\.0)?"
)
OUTPUT = (
    r"(?:tool |execution |execute |runtime |internal |unexpected |fatal )?\w*(?:error|exception)\s*[:(]|"
    r"traceback \(most recent call last\)|failed to\s|\{\s*\"error\"\s*:\s*(?:true|\"[^\"]|\{)"
)
TOOL_ERROR = rf"(?i)\A\s*(?:(?:{FAILED})\s*\z|{OUTPUT})"


def truncated(finish_reason: Column) -> pl.Expr:
    """Whether an answer was cut off, as the provider says: its tokens, its context or its time were used up.

    Reasons of OpenAI, Azure, Anthropic, Bedrock, Gemini, Cohere, Mistral, xAI, watsonx, vLLM, TGI, Ollama, llama.cpp
    and others, in any case (``length``, ``MAX_TOKENS``, ``FinishReason.MAX_TOKENS``). All other reasons are false,
    those of content filters among them. Null where the reason is null. Of a column of lists take an item:
    ``pl.col("finish_reasons").list.first()``.

    >>> log = pl.DataFrame({"finish_reason": ["length", "MAX_TOKENS", "stop", "content_filter", None]})
    >>> log.select(truncated("finish_reason"))["truncated"].to_list()
    [True, True, False, False, None]
    """
    return text(finish_reason).str.contains(TRUNCATION).alias("truncated")


def error(error: Column) -> pl.Expr:
    """Whether a column says that a request failed: it holds an error.

    For columns of what went wrong, where null means that nothing did: null is false. So are blank text, False, 0, an
    HTTP status below 400 and words such as ``ok``, ``success``, ``completed`` and ``none``. All else is an error: a
    message, a type, an object, True, 1, a status of 400 or more.

    >>> log = pl.DataFrame({"error": ["rate limit exceeded", "500", "200", "", None]})
    >>> log.select(error("error"))["error"].to_list()
    [True, True, False, False, False]
    """
    return (~anything(error).str.contains(NO_ERROR)).fill_null(False).alias("error")


def tool_error(result: Column) -> pl.Expr:
    """Whether the result of a call of a tool says that it failed; null where there was none.

    It has the status of the call (``error``, ``failed``, ``timeout``), a flag (True, 1), an HTTP status of 400 or more,
    or the output, which says so at its start: ``Error: ...``, ``ValueError(...)``, ``Traceback (most recent call ...``,
    ``Failed to ...``, ``{"error": ...}``. All else is false: an output that tells of a failure in other words is not
    seen.

    >>> log = pl.DataFrame({"result": ["success", "error", "ValueError: no such city", "21 degrees", None]})
    >>> log.select(tool_error("result"))["tool_error"].to_list()
    [False, True, True, False, None]
    """
    return anything(result).str.contains(TOOL_ERROR).alias("tool_error")


def tokens_per_second(output_tokens: Column, latency_ms: Column) -> pl.Expr:
    """How many tokens came a second, from their number and the milliseconds that they took.

    Null where either is null, and where the time is 0 or less. The time until the first token is part of the latency
    unless it was taken off.

    >>> log = pl.DataFrame({"output_tokens": [120, 120, None], "latency_ms": [2000.0, 0.0, 10.0]})
    >>> log.select(tokens_per_second("output_tokens", "latency_ms"))["tokens_per_second"].to_list()
    [60.0, None, None]
    """
    tokens, elapsed = number(output_tokens), number(latency_ms)
    return pl.when(elapsed > 0).then(tokens * 1000 / elapsed).alias("tokens_per_second")


def cost(input_tokens: Column, output_tokens: Column, model: Column | None = None, *, prices: Prices) -> pl.Expr:
    """What a request cost, in the currency of the prices, from its tokens.

    Null where a number of tokens is null, and where prices are by model and the model is null or has none: look at
    ``missing_rate`` before a total. Models are looked up by their whole name. Prices of cached tokens and of batches
    are not known here: count such tokens in columns of their own, and add up.

    Parameters
    ----------
    model
        The column of models, where prices are by model.
    prices
        What a million tokens of input and of output cost, as a pair for all rows, or as pairs by model.

    Raises
    ------
    SchemaError
        Prices by model without ``model``, or something that is not two numbers, 0 or more.

    >>> log = pl.DataFrame({"model": ["a", "b"], "input_tokens": [1000, 1000], "output_tokens": [500, 500]})
    >>> log.select(cost("input_tokens", "output_tokens", prices=(0.5, 1.5)))["cost"].to_list()
    [0.00125, 0.00125]
    >>> log.select(cost("input_tokens", "output_tokens", "model", prices={"a": (3, 15)}))["cost"].to_list()
    [0.0105, None]
    """
    if isinstance(prices, Mapping):
        if model is None:
            raise SchemaError(
                "cost: prices= are by model, so name the column of models: cost(input, output, model, ...)"
            )
        pairs = {name: pair(of) for name, of in prices.items()}
        if not pairs or not all(isinstance(name, str) for name in pairs):
            raise SchemaError(f"cost: prices={prices!r} has no model by name, such as {{'gpt-a': (0.5, 1.5)}}")
        each = [priced(model, {name: of[side] for name, of in pairs.items()}) for side in (0, 1)]
    else:
        each = [pl.lit(price, pl.Float64) for price in pair(prices)]
    return (number(input_tokens) * each[0] + number(output_tokens) * each[1]).alias("cost")


def priced(model: Column, prices: Mapping[str, float]) -> pl.Expr:
    return text(model).replace_strict(prices, default=None, return_dtype=pl.Float64)


def pair(prices: Any) -> tuple[float, float]:
    """The prices of one token of input and of output.

    Raises
    ------
    SchemaError
        Something that is not two numbers, 0 or more.
    """
    fits = isinstance(prices, tuple | list) and len(prices) == 2
    if not fits or not all(isinstance(one, int | float) and math.isfinite(one) and one >= 0 for one in prices):
        raise SchemaError(
            f"cost: {prices!r} are no prices; give two numbers, what a million tokens of input and of output cost"
        )
    return prices[0] / MILLION, prices[1] / MILLION
