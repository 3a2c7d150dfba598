"""The observer of a crew: a file for the crew's own program, and the folder where it may leave what it saw."""
