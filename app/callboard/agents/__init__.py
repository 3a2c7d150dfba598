"""Which agents there are, what they propose for a workspace, and whether each can work here; none of them runs here."""
