"""What holds for all tests."""

from fastmetrics.kernels.cache import NOTICE

# With a cold cache the line about compiling would come in the stderr of whichever test is first.
NOTICE.told = True
