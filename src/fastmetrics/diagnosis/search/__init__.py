"""The search for slices: strata, the lattice of slices, bounds and localisation."""
