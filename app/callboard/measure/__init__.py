"""How much room there is: the machine, and what the process tree of each attempt uses."""
