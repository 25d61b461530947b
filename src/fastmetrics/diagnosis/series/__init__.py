"""Series of windows: change points, the law of their maximum, and watching."""
