"""GitHub Actions files of a workspace, read from the disk: what CI would do, in the words of the files themselves."""

from callboard.link.github.commands import Command, commands_of
from callboard.link.github.purposes import SETUP, purpose_of_action, purpose_of_command
from callboard.link.github.reading import CiJob, Step, Trouble, Workflow, read_workflows

__all__ = [
    "SETUP",
    "CiJob",
    "Command",
    "Step",
    "Trouble",
    "Workflow",
    "commands_of",
    "purpose_of_action",
    "purpose_of_command",
    "read_workflows",
]
