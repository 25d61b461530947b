"""Characters of Unicode: all of them, and those of a category, some newer than the tables of the running Python."""

from __future__ import annotations

import unicodedata

import numpy as np

__all__ = ["characters_of", "every_character"]

# Punctuation, symbols and numbers that came after Unicode 14, the version of Python 3.11, as regex 2026.11 has them.
ADDED = {
    "P": """
        1B4E-1B4F 1B7F 2E60-2E63 10D6E 10ED0 113D4-113D5 113D7-113D8 11B00-11B09 11BE1 11F43-11F4F 16D6D-16D6F 1E5FF
    """,
    "S": """
        20C1-20C4 2427-2429 2B96 2FFC-2FFF 31E4-31E5 31EF FBC3-FBD2 FD90-FD91 FDC8-FDCE 10D8E-10D8F 10EC9-10ECA
        10ED1-10ED8 1CC00-1CCEF 1CCFA-1CCFC 1CD00-1CEB3 1CEBA-1CED0 1CED2-1CED4 1CEDD-1CEFD 1D1EB-1D1FF 1D253-1D25A
        1D25D-1D25E 1D260-1D27F 1DB00-1DB1C 1F1AE 1F6D8-1F6D9 1F6DC 1F774-1F77F 1F7D9-1F7DB 1F7F1-1F7FF 1F8B2-1F8BB
        1F8C0-1F8C1 1F8D0-1F8D8 1FA54-1FA57 1FA75-1FA77 1FA87-1FA8F 1FAAD-1FAAF 1FABB-1FABF 1FAC6 1FAC8 1FACC-1FACF
        1FADA-1FADD 1FADF 1FAE8-1FAEB 1FAEF 1FAF7-1FAFA 1FBCB-1FBEF 1FBFA
    """,
    "N": """
        10D40-10D49 116D0-116E3 11BF0-11BF9 11DE0-11DE9 11F50-11F59 1246F 12475-1247F 12550-12686 16130-16139
        16D70-16D79 16FF4-16FF6 1CCF0-1CCF9 1D2C0-1D2D3 1E4F0-1E4F9 1E5F1-1E5FA
    """,
}


def every_character() -> str:
    """All code points in their order, those of surrogates too: character i is ``chr(i)``."""
    return np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")


def characters_of(major: str) -> list[int]:
    """The code points of a major category: "P" for punctuation, "S" for symbols, "N" for numbers."""
    known = [code for code in range(0x110000) if unicodedata.category(chr(code))[0] == major]
    pairs = [part.partition("-") for part in ADDED[major].split()]
    added = [code for low, _, high in pairs for code in range(int(low, 16), int(high or low, 16) + 1)]
    return known + [code for code in added if unicodedata.category(chr(code)) == "Cn"]
