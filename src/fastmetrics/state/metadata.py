"""The metadata of stored Counts, to JSON and back; every entry is checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from fastmetrics.contract.family import Family
from fastmetrics.errors import SourceError, listed
from fastmetrics.notes import from_json, notes_of, to_json
from fastmetrics.schema import repeated
from fastmetrics.state.entries import check_entries, name_list
from fastmetrics.state.layout import Layout
from fastmetrics.state.provenance import check_how
from fastmetrics.state.state import State
from fastmetrics.state.stored_families import OF_A_FAMILY, decode_family, encode_family
from fastmetrics.windows import Windows

__all__ = ["FAMILY", "FORMAT", "KEY", "Description", "column_in", "encode_metadata", "decode_metadata"]

FORMAT = 2
KEY = b"fastmetrics"
FAMILY = "family"  # the column that tells the families of one table apart

# The dtypes of keys: those that a name says all of, and the parameters of the others.
PLAIN = {
    dtype.__name__: dtype
    for dtype in (
        *(pl.Boolean, pl.String, pl.Binary, pl.Null, pl.Date, pl.Time, pl.Float16, pl.Float32, pl.Float64),
        *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128),
    )
}
PARAMETERS: Mapping[str, tuple[Callable[..., pl.DataType], tuple[str, ...]]] = {
    "Datetime": (pl.Datetime, ("time_unit", "time_zone")),
    "Duration": (pl.Duration, ("time_unit",)),
    "Decimal": (pl.Decimal, ("precision", "scale")),
    "Enum": (pl.Enum, ("categories",)),
}

ENTRIES: Mapping[str, tuple[type, ...]] = {
    "families": (list,),
    "keys": (list,),
    "windows": (dict, type(None)),
    "weighted": (bool,),
    "grouping_sets": (list, type(None)),
    "dtypes": (dict,),
    "merges": (dict,),
    "how": (dict,),
}
OF_WINDOWS: Mapping[str, tuple[type, ...]] = {
    "every": (str,),
    "offset": (str, type(None)),
    "time_zone": (str,),
}


@dataclass(frozen=True)
class Description:
    """What a table of stored Counts holds.

    ``names`` are those of all families of the Counts in order, ``layout`` has those that the metadata describe, and
    ``family`` is the one that the table is of. A table of several names no one, and has ``joint`` columns. ``dtypes``
    are those of key columns under their names in the table; format 1 says only some. ``id`` is that of one write.
    """

    format: int
    id: str | None
    family: str | None
    joint: bool
    names: tuple[str, ...]
    layout: Layout
    dtypes: Mapping[str, pl.DataType]
    how: Mapping[str, Any]

    def of(self, family: str) -> Description:
        """The description of the rows of one family."""
        return replace(self, family=family)

    @property
    def member(self) -> Family:
        """The family that the table is of."""
        assert self.family is not None
        return self.layout.family(self.family)

    @property
    def columns(self) -> list[str]:
        """The columns of the table that hold the family it is of."""
        return list(self.names_of(self.member).values())

    def names_of(self, family: Family) -> dict[str, str]:
        """The names in the table by those in Counts, of the columns of a family."""
        columns = [*self.layout.key_columns(family), *self.layout.merges(family)]
        return {name: column_in(family, name, self.layout.outer) if self.joint else name for name in columns}


def column_in(family: Family, column: str, outer: Sequence[str]) -> str:
    """The name of a column of a family in a table that holds several."""
    return column if column in outer else f"{family.name}.{column}"


def encode_metadata(counts: State, write: str, family: Family | None = None) -> bytes:
    """The metadata of a table of one family, or of all families, as JSON; ``write`` is the id of the write."""
    layout = counts.layout
    members = layout.families if family is None else (family,)
    dtypes: dict[str, Any] = {}
    merges: dict[str, str] = {}
    for member in members:
        table = counts.tables[member.name]
        names = {name: column_in(member, name, layout.outer) if family is None else name for name in table.columns}
        dtypes |= {names[name]: dtype_to_json(table.schema[name]) for name in layout.key_columns(member)}
        merges |= {names[name]: merge for name, merge in layout.merges(member).items()}
    document = {
        "format": FORMAT,
        "id": write,
        "family": None if family is None else family.name,
        "families": [encode_family(member) for member in layout.families],
        "keys": list(layout.keys),
        "windows": None if layout.windows is None else vars(layout.windows),
        "weighted": layout.weighted,
        "grouping_sets": layout.grouping_sets,
        "dtypes": dtypes,
        "merges": merges,
        "how": {**counts.how, "notes": to_json(notes_of(counts.how))},
    }
    return json.dumps(document, default=str).encode()


def dtype_to_json(dtype: pl.DataType) -> list[Any]:
    """A dtype in JSON: its name and its parameters."""
    name = type(dtype).__name__
    parameters = [getattr(dtype, parameter) for parameter in PARAMETERS[name][1]] if name in PARAMETERS else []
    return [name, *(part.to_list() if isinstance(part, pl.Series) else part for part in parameters)]


def dtype_from_json(given: Any, column: str) -> pl.DataType:
    """The inverse of `dtype_to_json`; SourceError for what is no dtype of a key."""
    try:
        name, *parameters = given
        if name in PLAIN and not parameters:
            return PLAIN[name]()
        make, wanted = PARAMETERS[name]
        return make(**dict(zip(wanted, parameters, strict=True)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"the metadata give column {column!r} the dtype {given!r:.80}, which no key has") from error


def decode_metadata(raw: bytes | None, known: Mapping[str, Family]) -> Description:
    """The metadata of a table, checked; ``known`` are families by name that need not be built in.

    Raises
    ------
    SourceError
        No metadata, no JSON, entries that are missing or of another type, a newer format, and a family that this
        version does not know or makes otherwise.
    """
    if raw is None:
        raise SourceError("this table holds no Counts: the metadata 'fastmetrics' is missing from its schema")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"the metadata 'fastmetrics' are not JSON: {error}") from error
    document = check_entries(document, {"format": (int,)}, "the metadata")
    version = document["format"]
    if version > FORMAT:
        raise SourceError(f"these Counts have format {version}; this version reads up to {FORMAT}: upgrade fastmetrics")
    if version < 1:
        raise SourceError(f"these Counts have format {version}; the formats are 1 to {FORMAT}")
    if version == 1:
        document = convert_format_1(document)
    return parse_document(check_entries(document, ENTRIES, "the metadata"), known)


def convert_format_1(document: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a table of format 1, which held one family, with the entries of the present format."""
    old = {"family": (dict,), "families": (list,), "categories": (dict,), "wide": (dict,)}
    check_entries(document, old, "the metadata")
    family = check_entries(document["family"], OF_A_FAMILY, "family")
    dtypes = {key: ["Enum", categories] for key, categories in document["categories"].items()}
    dtypes |= {key: [name] for key, name in document["wide"].items()}
    names = {"family": family["identity"].get("name"), "names": document["families"]}
    return {**document, **names, "families": [document["family"]], "dtypes": dtypes}


def parse_document(document: Mapping[str, Any], known: Mapping[str, Family]) -> Description:
    """Make a Description of metadata whose entries have their types, and check that they fit together."""
    families = tuple(decode_family(each, known) for each in document["families"])
    names = name_list(document.get("names", [family.name for family in families]), "families")
    keys = name_list(document["keys"], "keys")
    sets = document["grouping_sets"]
    if sets is not None:
        sets = tuple(name_list(wanted, "grouping_sets") for wanted in sets)
    windows = None if document["windows"] is None else windows_of(document["windows"])
    layout = Layout(families, keys, windows, document["weighted"], sets)
    family = document.get("family")
    if not families or family not in (None, *names):
        raise SourceError(f"the metadata name the family {family!r} and hold {listed(names) or 'none'}")
    check_names(layout)
    dtypes = {column: dtype_from_json(given, column) for column, given in document["dtypes"].items()}
    about = Description(
        format=document["format"],
        id=document.get("id"),
        family=family,
        joint=family is None,
        names=names,
        layout=layout,
        dtypes=dtypes,
        how=how_of(document["how"]),
    )
    check_merges(document["merges"], about)
    check_dtypes(about)
    return about


def windows_of(given: Any) -> Windows:
    """Windows from their entry in the metadata, checked."""
    given = check_entries(given, OF_WINDOWS, "windows")
    try:
        return Windows(**{name: given[name] for name in OF_WINDOWS})
    except ValueError as error:
        raise SourceError(f"the metadata of these Counts have windows that are none: {error}") from error


def check_names(layout: Layout) -> None:
    """Refuse columns that share a name, and grouping sets of keys that are not there."""
    twice = repeated([family.name for family in layout.families])
    if twice is not None:
        raise SourceError(f"the metadata of these Counts describe the family {twice!r} twice")
    for family in layout.families:
        twice = repeated([*layout.key_columns(family), *layout.merges(family)])
        if twice is not None:
            raise SourceError(f"two columns of family {family.name!r} are called {twice!r}")
    for wanted in layout.grouping_sets or ():
        strange = set(wanted) - set(layout.keys)
        if strange:
            raise SourceError(f"a grouping set of these Counts has {listed(map(repr, strange))}, which is no key")


def check_merges(merges: Mapping[str, Any], about: Description) -> None:
    """Refuse cells that the metadata merge in another way than the family does, or do not name."""
    for family in about.layout.families if about.joint else (about.member,):
        names = about.names_of(family)
        for cell, merge in about.layout.merges(family).items():
            given = merges.get(names[cell])
            if given != merge:
                raise SourceError(f"the metadata merge {names[cell]!r} by {given!r:.80}, its family by {merge!r}")


def check_dtypes(about: Description) -> None:
    """Refuse metadata that have other keys than dtypes of keys; format 1 has only some of them."""
    members = about.layout.families if about.joint else (about.member,)
    keys = {about.names_of(family)[key] for family in members for key in about.layout.key_columns(family)}
    strange = set(about.dtypes) ^ keys if about.format > 1 else set(about.dtypes) - keys
    if strange:
        raise SourceError(f"the metadata of these Counts disagree about the keys {listed(map(repr, sorted(strange)))}")


def how_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The ``how`` of Counts, checked, its notes as objects."""
    try:
        check_how(given)
    except ValueError as error:
        raise SourceError(f"how these Counts came to be cannot be read: {error}") from error
    try:
        return {**given, "notes": from_json(given.get("notes", ()))}
    except (TypeError, ValueError) as error:
        raise SourceError(f"the notes of these Counts cannot be read: {error}") from error
