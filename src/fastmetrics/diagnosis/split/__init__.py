"""A change of the whole split into the parts of its slices."""
