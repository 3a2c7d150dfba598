"""What Callboard costs, measured: CPU time and ratios."""
