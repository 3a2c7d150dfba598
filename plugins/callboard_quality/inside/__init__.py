"""Programs that run inside of the workspace's own Python; never imported by Callboard."""
