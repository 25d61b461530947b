"""Kinds of roles: how a column of each kind travels from a log to its family, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Mapping

from fastmetrics.counting.roles import binary, key, number, text
from fastmetrics.counting.roles.kind import Observed, Reader, RoleKind

__all__ = ["ROLE_KINDS", "Observed", "Reader", "RoleKind"]

ROLE_KINDS: Mapping[str, RoleKind] = {
    "binary": RoleKind(binary.check, binary.carrier, binary.read),
    "number": RoleKind(number.check, number.carrier, number.read),
    "key": RoleKind(key.check, key.carrier, inner=True),
    "text": RoleKind(text.check, text.carrier, text.read),
}
