"""What an agent's action stands on, inside the process of its own attempt."""
