"""Where in time a difference lies: the baseline, periods and bursts."""
