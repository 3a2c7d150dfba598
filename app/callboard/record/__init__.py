"""Memory: the append-only event log and the read tables, in one SQLite file."""
