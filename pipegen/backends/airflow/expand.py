"""The task groups that Cosmos makes itself, of the manifest it finds when the file is parsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.airflow.code import BRACE, Keywords, joined, plain, present
from pipegen.backends.airflow.execution import GROUP, Execution
from pipegen.backends.airflow.params import Late, is_typed, json_template, template
from pipegen.backends.airflow.views import Folder, Operator
from pipegen.backends.calls import arguments, items
from pipegen.emit import Code, braces, literal


def has_manifest(project: ir.DbtProject) -> bool:
    """Whether the manifest lies in the folder of the dbt project."""
    return project.manifest is None or project.manifest.is_relative_to(project.dir)


def shared(execution: Execution, project: ir.DbtProject, folder: Folder) -> Keywords:
    """Return what the groups of a dbt project share, in the order printed."""
    kind = execution.kind
    where = (
        Code("ExecutionConfig(invocation_mode=InvocationMode.DBT_RUNNER)")
        if kind == "local"
        else Code(f"ExecutionConfig(execution_mode=ExecutionMode.{kind.upper()})")
    )
    given = _operators(execution, None, {})
    return present(
        project_config=_project(project, folder.name, {}),
        profile_config=execution.profile(project, folder.name),
        execution_config=where,
        operator_args=braces(given) if given else None,
    )


def own(execution: Execution, action: ir.Dbt, folder: Folder, late: Late) -> Keywords:
    """Return what the group of a transform has that those of its project have not."""
    fields = {"dbt_vars": action.vars, "env_vars": action.env}
    given = {
        name: template(known, late)
        for name, known in fields.items()
        if known.items and not (known is action.vars and is_typed(known))
    }
    told = _operators(execution, action, late)
    return present(
        project_config=_project(action.project, folder.name, given) if given else None,
        operator_args=braces(told) if told != _operators(execution, None, late) else None,
    )


def group(task: ir.Task, action: ir.Dbt, project: str, settings: Keywords, note: str) -> Operator:
    """Return the call that makes the group of a transform, which has these settings."""
    untested = action.run_tests is ir.RunTests.NONE
    return Operator(
        name=GROUP,
        task_id=task.name,
        project=project,
        keywords=tuple(
            present(
                select=_texts("select", action.select),
                exclude=_texts("exclude", map(_late, action.exclude)) if action.exclude else None,
                tests=literal(False) if untested else None,
                tooltip=literal(note) if note else None,
                default_args=braces(settings) if settings else None,
            ).items()
        ),
        margin=Code(""),
        width=8,
        label="group_id",
    )


def _texts(option: str, given: Iterable[str]) -> Code:
    return items([literal(text) for text in given], beside=10 + len(option))


def _late(text: str) -> str:
    """Return a selection that Airflow expands later, and that has no other spaces till then."""
    return plain(text).replace(BRACE, BRACE.replace(" ", ""))


def _project(project: ir.DbtProject, folder: str, given: Mapping[str, Code]) -> Code:
    named = {
        "manifest_path": _manifest(project, folder),
        "install_dbt_deps": literal(project.install_deps),
        **given,
    }
    return Code(f"ProjectConfig({arguments([Code(folder)], named, beside=200)})")


def _manifest(project: ir.DbtProject, folder: str) -> Code:
    path = project.manifest or project.dir / "target/manifest.json"
    if has_manifest(project):
        return joined(folder, path.relative_to(project.dir), beside=23)
    return joined("ROOT", path, beside=23)


def _operators(execution: Execution, action: ir.Dbt | None, late: Late) -> dict[str, Code]:
    """Return what each operator of a group is given."""
    given = {"py_requirements": execution.requirements} if execution.requirements else {}
    if action is None:
        return given
    words = [literal(word) for word in dbt.flags(action) if word != "--full-refresh"]
    words += dbt.deferral(action)
    if is_typed(action.vars):
        words += literal("--vars"), json_template(action.vars, late)
    if action.env.items:
        given["append_env"] = literal(True)
    if words:
        given["dbt_cmd_flags"] = items(words, beside=25)
    if dbt.refreshes(action) or action.full_refresh is True:
        given["full_refresh"] = template(action.full_refresh, late)
    return given
