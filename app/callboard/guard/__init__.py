"""Who may reach the program: the door it listens at, the launch token, sessions, and the guard before every request."""
