"""What the programs share: the clock, the machine, and the page that results are written to."""
