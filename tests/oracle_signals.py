"""Signals of single rows in plain Python: slow and obvious. None is null."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import oracle_squad

# White space of Unicode, as Polars strips it: Python takes four separators of ASCII for white space, too.
BLANKS = "".join(chr(code) for code in range(0x110000) if chr(code).isspace() and not 0x1C <= code <= 0x1F)
MARKS = BLANKS + "*_#>\"'`“”„‘’«»([–—•¡\ufeff-"
DEEPEST = 127
NO_ERROR = (
    "null",
    "none",
    "nan",
    "false",
    "no",
    "n/a",
    "0",
    "0.0",
    "[]",
    "{}",
    "ok",
    "okay",
    "success",
    "successful",
    "succeeded",
    "complete",
    "completed",
    "done",
    "finished",
    "unset",
    "status_code_ok",
    "status_code_unset",
)
FAILED = (
    "true",
    "yes",
    "1",
    "1.0",
    "err",
    "error",
    "errored",
    "fail",
    "failed",
    "failure",
    "exception",
    "timeout",
    "cancelled",
    "canceled",
    "aborted",
    "denied",
    "rejected",
    "invalid",
    "status_code_error",
)
TRUNCATED = (
    "length",
    "max_tokens",
    "maxtokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_length",
    "max_len",
    "max_context",
    "model_length",
    "model_context_window_exceeded",
    "error_limit",
    "token_limit",
    "time_limit",
    "limit",
)


def empty(answer: str | None) -> bool | None:
    return None if answer is None else answer.strip(BLANKS) == ""


def truncated(reason: str | None) -> bool | None:
    if reason is None:
        return None
    word = folded(reason.strip(BLANKS + "[]\"'"))
    for prefix in ("finishreason.", "finishreason_", "finish_reason.", "finish_reason_"):
        word = word.removeprefix(prefix)
    for prefix in ("stopreason.", "stopreason_", "stop_reason.", "stop_reason_", "reason_"):
        word = word.removeprefix(prefix)
    return word in TRUNCATED


def refusal(answer: str | None, patterns: Sequence[str]) -> bool | None:
    """Whether an answer starts with a pattern, behind marks and a block of reasoning."""
    if answer is None:
        return None
    if answer.lstrip(BLANKS).lower().startswith("<think>") and "</think>" in answer.lower():
        answer = re.split("</think>", answer, maxsplit=1, flags=re.IGNORECASE)[1]
    start = "".join(map(in_words, answer.lstrip(MARKS)))
    for apostrophe in "’ʼ´`":
        start = start.replace(apostrophe, "'")
    return any(re.match(one.replace("...", "[^\n?]*?"), start, re.IGNORECASE) is not None for one in patterns)


def in_words(character: str) -> str:
    """A character that Python and Polars agree on whether words have it: marks are in words, as ² and ½ are not."""
    kind = unicodedata.category(character)
    return "a" if kind[0] == "M" else " " if kind == "No" else character


def json_valid(answer: str | None) -> bool | None:
    return None if answer is None else document(answer) is not None


def json_has(answer: str | None, keys: Sequence[str]) -> bool | None:
    if answer is None:
        return None
    found = document(answer)
    return found is not None and isinstance(found[0], dict) and all(key in found[0] for key in keys)


def document(answer: str) -> tuple[Any] | None:
    """The document of a text, within the limits of Polars; None where there is none."""
    try:
        found = json.loads(answer, parse_constant=refuse, parse_int=float)
    except (ValueError, RecursionError):
        return None
    return (found,) if depth(found) <= DEEPEST and fits(found) else None


def refuse(constant: str) -> float:
    raise ValueError(constant)


def depth(found: Any) -> int:
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return isinstance(found, dict | list) + max((depth(one) for one in inner), default=0)


def fits(found: Any) -> bool:
    """Whether numbers are finite, and texts are Unicode."""
    if isinstance(found, dict):
        return all(fits(one) for one in (*found, *found.values()))
    if isinstance(found, list):
        return all(map(fits, found))
    if isinstance(found, str):
        return not any(0xD800 <= ord(character) < 0xE000 for character in found)
    return not isinstance(found, float) or math.isfinite(found)


def unfenced(answer: str | None) -> str | None:
    """What is in a block of Markdown that is the whole answer."""
    if answer is None:
        return None
    lines = answer.strip(BLANKS).split("\n")
    opens = re.fullmatch("```[A-Za-z0-9]*[ \t]*\r?", lines[0])
    return "\n".join(lines[1:-1]) if len(lines) > 2 and opens and lines[-1].lstrip(" \t") == "```" else answer


def format_error(answer: str | None, pattern: str) -> bool | None:
    return None if answer is None else re.fullmatch(pattern, answer) is None


def repetition(answer: str | None, last: int = 32, times: int = 4) -> bool | None:
    if answer is None:
        return None
    shown = answer.removesuffix("\n")
    return shown.count(shown[-last:]) >= times


def error(said: str | None) -> bool:
    word = folded((said or "").strip(BLANKS))
    return word not in ("", *NO_ERROR) and not re.fullmatch(r"[123][0-9][0-9](\.0| ok)?", word)


def tool_error(said: str | None) -> bool | None:
    if said is None:
        return None
    start = folded(said.lstrip(BLANKS))
    word = start.rstrip(BLANKS)
    if word in FAILED or re.fullmatch(r"[45][0-9][0-9](\.0)?|timed[ _-]?out", word):
        return True
    return any(
        start.startswith(one) for one in ("traceback (most recent call last)", '{"error": "no', "valueerror: ")
    ) or (any(start.startswith(one) for one in ("error:", "tool error (", "failed to ")))


def tokens_per_second(tokens: float | None, latency_ms: float | None) -> float | None:
    return None if tokens is None or latency_ms is None or latency_ms <= 0 else tokens * 1000 / latency_ms


def cost(tokens: tuple[float | None, float | None], prices: tuple[float, float] | None) -> float | None:
    """From tokens of input and output, and their prices per million."""
    if tokens[0] is None or tokens[1] is None or prices is None:
        return None
    return tokens[0] * (prices[0] / 1e6) + tokens[1] * (prices[1] / 1e6)


def length(answer: str | None, unit: str = "characters") -> int | None:
    measures: dict[str, Callable[[str], int]] = {
        "characters": len,
        "words": lambda text: len(text.split()),
        "bytes": lambda text: len(text.encode()),
    }
    return None if answer is None else measures[unit](answer)


def exact_match(answer: str | None, reference: str | None, normalise: bool = False) -> bool | None:
    if answer is None or reference is None:
        return None
    return oracle_squad.normal(answer) == oracle_squad.normal(reference) if normalise else answer == reference


def folded(text: str) -> str:
    """Small letters, where the long s and the sign of Kelvin are those of ASCII that they stand for."""
    return text.lower().replace("ſ", "s").replace("\u212a", "k")
