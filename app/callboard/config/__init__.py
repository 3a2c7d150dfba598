"""What a team writes down in `callboard.toml`: read, checked, made into a pipeline, written."""

from callboard.config.model import AgentTable, Config, EngineTable, JobTable, PipelineTable, ScheduleTable
from callboard.config.pipeline import BuiltPipeline, build
from callboard.config.reading import CONFIG_NAME, config_from, default_config, read_config
from callboard.config.single import single
from callboard.config.writing import write_config

__all__ = [
    "CONFIG_NAME",
    "AgentTable",
    "BuiltPipeline",
    "Config",
    "EngineTable",
    "JobTable",
    "PipelineTable",
    "ScheduleTable",
    "build",
    "config_from",
    "default_config",
    "read_config",
    "single",
    "write_config",
]
