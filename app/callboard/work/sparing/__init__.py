"""The part of the boundary that has to look: what a name leads to, what runs here, what was sent a moment ago."""
