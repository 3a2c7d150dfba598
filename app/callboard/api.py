"""All that a plugin may import.

from callboard.api import Agent, Context, Result, action, hookimpl, passed

class Greeter(Agent):
    name = "greeter"
    title = "Greeter"

    @action("Say hello")
    def hello(self, ctx: Context, options: object) -> Result:
        return passed(f"hello, {ctx.workspace.path.name}")

@hookimpl
def callboard_agents():
    return [Greeter()]
"""

from callboard.core.resources import Lock, Needs
from callboard.errors import BoundaryError, CallboardError
from callboard.work.agent import Action, Agent, Effects, Install, Result, Tool, Verdict, action, failed, passed, unknown
from callboard.work.context import Context
from callboard.work.environments.declared import Declared, declared
from callboard.work.environments.shapes import Environment, NoEnvironment
from callboard.work.finding import Finding, Severity, clean, secret_print, unparsable
from callboard.work.fixes import Fix, Symptom
from callboard.work.handed_in import handed_in, origin_words, path_here
from callboard.work.hooks import hookimpl
from callboard.work.jobs import Job
from callboard.work.judging import counted, failing, judged, set_apart, tally
from callboard.work.memory import Memory
from callboard.work.options import NoOptions, option
from callboard.work.reports.bounds import ReportError, load_json
from callboard.work.reports.code_quality import read_code_quality
from callboard.work.reports.coverage import read_coverage_xml, read_lcov
from callboard.work.reports.cyclonedx import read_cyclonedx
from callboard.work.reports.junit import read_junit
from callboard.work.reports.osv import read_osv
from callboard.work.reports.prometheus import read_prometheus
from callboard.work.reports.sarif import read_sarif, sarif_of
from callboard.work.reports.shapes import (
    Advisory,
    Affected,
    Component,
    CoverageReport,
    Family,
    FileCoverage,
    Histogram,
    Sample,
    Sbom,
    TestCase,
    TestOutcome,
    TestReport,
)
from callboard.work.reports.spdx import read_spdx
from callboard.work.reports.tap import read_tap
from callboard.work.root_cause import RootCause, root_cause
from callboard.work.running import ToolRun
from callboard.work.sealing import SealError, keyed_hash, seal, sealing_key, unseal
from callboard.work.sections import Act, Bars, Block, Cell, Figure, Figures, Section, Table, Words
from callboard.work.sparing.processes import check_signal
from callboard.work.upstream import Upstream
from callboard.work.workspace import Workspace
from callboard.work.worktree import Worktree

__all__ = [
    "Act",
    "Action",
    "Advisory",
    "Affected",
    "Agent",
    "Bars",
    "Block",
    "BoundaryError",
    "CallboardError",
    "Cell",
    "Component",
    "Context",
    "CoverageReport",
    "Declared",
    "Effects",
    "Environment",
    "Family",
    "Figure",
    "Figures",
    "FileCoverage",
    "Finding",
    "Fix",
    "Histogram",
    "Install",
    "Job",
    "Lock",
    "Memory",
    "Needs",
    "NoEnvironment",
    "NoOptions",
    "ReportError",
    "Result",
    "RootCause",
    "Sample",
    "Sbom",
    "SealError",
    "Section",
    "Severity",
    "Symptom",
    "Table",
    "TestCase",
    "TestOutcome",
    "TestReport",
    "Tool",
    "ToolRun",
    "Upstream",
    "Verdict",
    "Words",
    "Workspace",
    "Worktree",
    "action",
    "check_signal",
    "clean",
    "counted",
    "declared",
    "failed",
    "failing",
    "handed_in",
    "hookimpl",
    "judged",
    "keyed_hash",
    "load_json",
    "option",
    "origin_words",
    "passed",
    "path_here",
    "read_code_quality",
    "read_coverage_xml",
    "read_cyclonedx",
    "read_junit",
    "read_lcov",
    "read_osv",
    "read_prometheus",
    "read_sarif",
    "read_spdx",
    "read_tap",
    "root_cause",
    "sarif_of",
    "seal",
    "sealing_key",
    "secret_print",
    "set_apart",
    "tally",
    "unknown",
    "unparsable",
    "unseal",
]
