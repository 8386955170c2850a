"""The specification as people write it: one pydantic model per YAML mapping."""

from pipegen.spec.pipeline import (
    Activation,
    DbtTransform,
    PipelineSpec,
    ScheduleSpec,
    Source,
)
from pipegen.spec.project import DbtProjectSpec, ProjectSpec
from pipegen.spec.task import Defaults, RetriesSpec, TaskSpec

__all__ = [
    "Activation",
    "DbtProjectSpec",
    "DbtTransform",
    "Defaults",
    "PipelineSpec",
    "ProjectSpec",
    "RetriesSpec",
    "ScheduleSpec",
    "Source",
    "TaskSpec",
]
