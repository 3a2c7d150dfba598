"""The commands, one module for each family; each takes parsed arguments and gives an exit code."""
