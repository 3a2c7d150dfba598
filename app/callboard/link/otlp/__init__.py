"""OpenTelemetry traces that come in: of crews names, times and tokens, of HTTP servers their answers; no prompts."""
