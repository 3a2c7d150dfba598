"""A package that cannot be imported."""

import sys

sys.exit("no, thank you")
