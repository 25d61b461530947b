"""The two sides that are compared, and the rates that are compared on them."""
