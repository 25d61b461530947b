"""Signatures of sacrebleu: how a value was made, in the words that papers quote beside it."""

from __future__ import annotations

from fastmetrics.texts.options import Options

__all__ = ["signature"]

VERSION = "2.6.0"  # of sacrebleu, whose values ours are


def signature(options: Options, **parts: str) -> str:
    """The signature of a metric of sacrebleu: the number of references, its own parts, and the version.

    >>> signature(Options(), case="mixed")
    'nrefs:1|case:mixed|version:2.6.0'
    """
    said = {"nrefs": options.references, **parts, "version": VERSION}
    return "|".join(f"{name}:{part}" for name, part in said.items())
