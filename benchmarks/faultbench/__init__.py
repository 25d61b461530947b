"""The acceptance test of `fastmetrics.diagnose`: real logs with known faults, and real logs without any.

`logs` reads a log, `faults` says what is done to its rows and what that does to their expected cells, `cases` draws
faults and nulls from seeds, `oracle` is what a reader who knows the slice could see, `score` compares findings with
the truth, `table` sums scores up, `run` is the program.
"""
