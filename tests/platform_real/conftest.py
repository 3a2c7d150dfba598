"""The platform is looked at by its drill; its own tests are for the agents."""

collect_ignore = ["shop"]
