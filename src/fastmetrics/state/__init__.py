"""Tables of cells and what holds for them: layout, merging, provenance and storage."""
