"""The single pass: plan, codes of keys, tables of cells, and their assembly into a State."""
