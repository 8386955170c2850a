"""The specification as people write it: one pydantic model per YAML mapping."""

from pipegen.spec.dbt import DbtTransform, OverrideSpec
from pipegen.spec.pipeline import BackendChoice, ParamSpec, PipelineSpec
from pipegen.spec.policy import PoliciesSpec
from pipegen.spec.project import DbtProjectSpec, EnvironmentSpec, ProjectSpec
from pipegen.spec.schedule import OnUpdateSpec, ScheduleSpec
from pipegen.spec.steps import Activation, Check, Source, Transform
from pipegen.spec.task import Defaults, RetriesSpec, TaskSpec
from pipegen.spec.watch import NotificationSpec, SlaSpec

__all__ = [
    "Activation",
    "BackendChoice",
    "Check",
    "DbtProjectSpec",
    "DbtTransform",
    "Defaults",
    "EnvironmentSpec",
    "NotificationSpec",
    "OnUpdateSpec",
    "OverrideSpec",
    "ParamSpec",
    "PipelineSpec",
    "PoliciesSpec",
    "ProjectSpec",
    "RetriesSpec",
    "ScheduleSpec",
    "SlaSpec",
    "Source",
    "TaskSpec",
    "Transform",
]
