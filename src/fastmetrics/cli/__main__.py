"""``python -m fastmetrics.cli`` is the command line."""

from fastmetrics.cli import main

if __name__ == "__main__":
    main(prog_name="fastmetrics")
