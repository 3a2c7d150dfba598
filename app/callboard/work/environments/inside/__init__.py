"""Scripts that run on the interpreter of an environment, which knows nothing of Callboard."""
