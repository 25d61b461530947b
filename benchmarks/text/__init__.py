"""How fast texts are measured, beside the reference packages and the fast ones."""
