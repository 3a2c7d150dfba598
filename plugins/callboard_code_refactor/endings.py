"""Which files are code, by the end of their names."""

SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
CODE = (
    *("*.py", *(f"*{ending}" for ending in SCRIPTS)),
    *("*.go", "*.java", "*.kt", "*.rs", "*.rb", "*.php", "*.cs", "*.swift", "*.scala", "*.c", "*.cc", "*.cpp", "*.h"),
)
