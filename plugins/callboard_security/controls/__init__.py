"""Controls as code: each looks at the workspace and says pass, fail or unknown, with what it saw."""
