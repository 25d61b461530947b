"""Entries of the JSON that a file holds, checked: it may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastmetrics.errors import SourceError

__all__ = ["check_entries", "name_list"]


def check_entries(document: Any, wanted: Mapping[str, tuple[type, ...]], what: str) -> Any:
    """The object itself, checked: every wanted entry is there and of one of its types."""
    if not isinstance(document, dict):
        raise SourceError(f"{what} of these Counts is {document!r:.80}; a JSON object is needed")
    for name, kinds in wanted.items():
        if name not in document:
            raise SourceError(f"{what} of these Counts lacks {name!r}")
        if not isinstance(document[name], kinds) or (isinstance(document[name], bool) and bool not in kinds):
            raise SourceError(
                f"{what} of these Counts has {name!r}: {document[name]!r:.80}, which is of the wrong type"
            )
    return document


def name_list(given: Any, what: str) -> tuple[str, ...]:
    """A list of names as a tuple, checked."""
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise SourceError(f"the metadata of these Counts have {what!r}: {given!r:.80}; a list of names is needed")
    return tuple(given)
