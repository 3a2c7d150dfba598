"""Ways to watch a crew of the platform without touching its program: status, WebSocket, checkpoints, log."""
