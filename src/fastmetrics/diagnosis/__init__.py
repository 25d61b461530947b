"""From two Counts to findings: what happened, where, since when, and how much of the change it explains."""
