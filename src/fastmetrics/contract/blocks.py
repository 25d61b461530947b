"""What reaches a family of a block of rows where it is more than one array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Bitmap", "Lists", "Texts"]


class Bitmap(NamedTuple):
    """Booleans as Arrow keeps them: bit ``offset + i`` of the packed bytes is row i, and that of ``valid`` says whether
    it is known. Where no row is null ``valid`` is empty.
    """

    packed: NDArray[np.uint8]
    valid: NDArray[np.uint8]
    offset: int
    length: int


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts in UTF-8 as Arrow keeps them, for kernels; `to_list` has them as Python values.

    Attributes
    ----------
    views
        Uint64, two words a row, little endian. The lower half of the first is the number of bytes. The other 12 bytes
        are a text of at most 12. Of a longer text they are its first four bytes, the number of its buffer and the
        offset there, four bytes each.
    buffers
        Uint64: the address of each buffer of long texts.
    valid
        Uint8: 1 for each row that is not null; empty where no row is. The view of a null row may be anything.
    owner
        The Arrow array, of type string_view, whose memory the others are: addresses are good as long as it lives.
    """

    views: NDArray[np.uint64]
    buffers: NDArray[np.uint64]
    valid: NDArray[np.uint8]
    owner: pa.Array

    def __len__(self) -> int:
        return len(self.owner)

    def to_list(self) -> list[str | None]:
        """The text of each row; None for null."""
        values: list[str | None] = self.owner.to_pylist()
        return values


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of items in each row.

    Attributes
    ----------
    offsets
        Int64, one more than rows: the items of row i are those from ``offsets[i]`` to before ``offsets[i + 1]``. The
        first offset is 0, and a null row has no items.
    values
        The items, as the kind of role has them: an array, or texts.
    valid
        Uint8: 1 for each row that is not null, empty lists included; empty where no row is null.
    """

    offsets: NDArray[np.int64]
    values: NDArray[Any] | Texts
    valid: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each item."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def to_list(self) -> list[list[Any] | None]:
        """The items of each row; None for null."""
        items, valid = (self.values.to_list() if isinstance(self.values, Texts) else self.values.tolist()), self.valid
        ends = zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True)
        return [items[start:end] if not len(valid) or valid[row] else None for row, (start, end) in enumerate(ends)]
