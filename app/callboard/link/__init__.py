"""Other systems that Callboard reads and, where it is allowed to, writes; each can be switched off."""
