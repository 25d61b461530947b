"""Kinds of roles: how a column of each kind travels from a log to its family, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Mapping

from fastmetrics.contract.roles import Kind
from fastmetrics.counting.roles import binary, flag, key, number, text, texts
from fastmetrics.counting.roles.kind import MARKED_NULL, NULL, Observed, Reader, Reading, RoleKind
from fastmetrics.counting.roles.lists import list_of

__all__ = ["MARKED_NULL", "NULL", "ROLE_KINDS", "Observed", "Reader", "Reading", "RoleKind"]

NUMBER = RoleKind(number.check, number.carrier, number.read, by_value=True, read_whole=number.read_whole)
KEY = RoleKind(key.check, key.carrier, inner=True)
TEXT = RoleKind(text.check, text.carrier, text.read, slow=True)

ROLE_KINDS: Mapping[Kind, RoleKind] = {
    "binary": RoleKind(binary.check, binary.carrier, binary.read, by_value=True),
    "flag": RoleKind(flag.check, flag.carrier, flag.read, by_value=True),
    "number": NUMBER,
    "key": KEY,
    "text": TEXT,
    "texts": RoleKind(texts.check_texts, texts.carry_texts, texts.read_texts, slow=True),
    "tokens": RoleKind(texts.check_tokens, texts.carry_tokens, texts.read_tokens, slow=True),
    "list of number": list_of(NUMBER, "numbers", number.read),
    "list of key": list_of(KEY, "text, numbers, Booleans, categories, dates or times", key.read_codes),
    "list of text": list_of(TEXT, "text", text.read),
}
