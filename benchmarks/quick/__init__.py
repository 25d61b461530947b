"""The core works beside the obvious numpy, in a minute, to compare with the run before: ``make bench-quick``."""
