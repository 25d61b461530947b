"""``python -m fastmetrics.demo``."""

from fastmetrics.demo.tour import main

if __name__ == "__main__":
    main()
