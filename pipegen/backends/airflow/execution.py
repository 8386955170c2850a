"""Where dbt runs for a DAG: what the operators of Cosmos are called, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pipegen import ir
from pipegen.backends import Target, dbt
from pipegen.backends.airflow.code import Keywords, imported, joined, present, wrapped
from pipegen.backends.airflow.params import template
from pipegen.backends.airflow.views import Folder
from pipegen.backends.calls import arguments, items
from pipegen.emit import Code, expression, indented, literal

ALERT = "DbtSourceAlertOperator"
"""The operator the file defines itself: one that tells of stale tables, and goes on."""

GROUP = "dbt_task_group"
"""The function the file defines itself: a group that Cosmos makes, which has to have tasks."""

_CONFIGS = ("DbtTaskGroup", "ExecutionConfig", "ProjectConfig", "RenderConfig")

MAPPINGS = {
    "athena": "AthenaAccessKeyProfileMapping",
    "bigquery": "GoogleCloudOauthProfileMapping",
    "bigquery_keyfile": "GoogleCloudServiceAccountFileProfileMapping",
    "bigquery_keyfile_json": "GoogleCloudServiceAccountDictProfileMapping",
    "clickhouse": "ClickhouseUserPasswordProfileMapping",
    "databricks": "DatabricksTokenProfileMapping",
    "databricks_oauth": "DatabricksOauthProfileMapping",
    "duckdb": "DuckDBUserPasswordProfileMapping",
    "mysql": "MysqlUserPasswordProfileMapping",
    "oracle": "OracleUserPasswordProfileMapping",
    "postgres": "PostgresUserPasswordProfileMapping",
    "redshift": "RedshiftUserPasswordProfileMapping",
    "snowflake": "SnowflakeUserPasswordProfileMapping",
    "snowflake_private_key": "SnowflakePrivateKeyPemProfileMapping",
    "spark": "SparkThriftProfileMapping",
    "sqlserver": "StandardSQLServerAuth",
    "teradata": "TeradataUserPasswordProfileMapping",
    "trino": "TrinoLDAPProfileMapping",
    "vertica": "VerticaUserPasswordProfileMapping",
}
"""Cosmos's class for each kind of profile."""


@dataclass(frozen=True, slots=True)
class Execution:
    """Where dbt runs, its options, and the connections that stand for profiles, by project."""

    kind: str = "local"
    options: Mapping[str, Any] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target) -> Execution:
        """Return what a target says of it."""
        options = target.options.get("execution", {})
        return cls(options.get("kind", "local"), options, target.options.get("profiles", {}))

    @property
    def in_container(self) -> bool:
        """Whether dbt sees nothing of the machine of the worker, and that nothing of dbt's."""
        return self.kind in ("docker", "kubernetes")

    @property
    def path(self) -> str:
        """The class of a path to what dbt reads."""
        return "PurePosixPath" if self.in_container else "Path"

    @property
    def alert(self) -> str:
        """The template of the operator that tells of stale tables."""
        return "alert_runner.j2" if self.kind == "local" else "alert_subprocess.j2"

    @property
    def passed(self) -> Code | None:
        """The variables of the worker that a container is given."""
        names = self.options.get("env") if self.kind == "docker" else None
        return items([literal(name) for name in names], beside=9) if names else None

    @property
    def secrets(self) -> bool:
        """Whether a pod has variables from secrets of Kubernetes."""
        return self.kind == "kubernetes" and bool(self.options.get("env_secrets"))

    @property
    def fills(self) -> bool:
        """Whether a template of what a container is told reads the environment."""
        given = (self.options.get("image"), self.options.get("namespace"))
        return any(isinstance(leaf, ir.Env) for value in given for leaf in ir.leaves(value))

    def reads_environ(self, projects: Iterable[str]) -> bool:
        """Whether what the operators of some dbt projects share reads the environment."""
        mapped = [self.profiles[name]["args"] for name in projects if name in self.profiles]
        values = [value for args in mapped for value in args.values()]
        found = any(isinstance(leaf, ir.Env) for value in values for leaf in ir.leaves(value))
        return found or self.fills or self.passed is not None

    def root(self, beside: Code) -> Code:
        """Return the expression for the project's root: `beside` the DAG, or in the image."""
        if self.in_container:
            return wrapped("PurePosixPath", literal(self.options["root"]), beside=7)
        return beside

    def operator(self, command: str) -> str:
        """Return Cosmos's operator of a command of dbt."""
        return f"Dbt{command.title().replace('-', '')}{self.kind.title()}Operator"

    def imports(self, operators: Iterable[str], projects: Iterable[str]) -> Iterator[Code]:
        """Yield the lines that import what a file with these operators and projects needs."""
        module = f"cosmos.operators.{self.kind}"
        mapped = {MAPPINGS[self.profiles[name]["kind"]] for name in projects & self.profiles.keys()}
        used = set(operators)
        expands = GROUP in used
        used -= {GROUP}
        if ALERT in used:
            used = used - {ALERT} | {self.operator("source")}
        if not self.in_container:
            yield _from("cosmos", {"ProfileConfig", *(_CONFIGS if expands else ())})
        constants = {"LoadMode", "TestBehavior"} if expands else set()
        constants |= {"ExecutionMode"} if expands and self.kind != "local" else set()
        if self.kind == "local" or expands:
            yield _from("cosmos.constants", {"InvocationMode", *constants})
        if used:
            yield _from(module, used)
        if mapped:
            yield _from("cosmos.profiles", mapped)
        if used and not self.in_container:
            yield Code("from cosmos.settings import cache_dir")

    def flags(self, project: ir.DbtProject, folder: str) -> list[Code]:
        """Return the options with which dbt finds its project and leaves its results."""
        if not self.in_container:
            return [literal("--target-path"), literal("target")]
        here = Code(f"str({folder})")
        found = [literal("--project-dir"), here] if self.kind == "docker" else []
        below = _profiles(project, folder, project.profiles_dir, beside=5)
        found += [literal("--profiles-dir"), here if below is None else Code(f"str({below})")]
        return found + ([literal("--target"), literal(project.target)] if project.target else [])

    def strict(self, action: dbt.Action) -> list[Code]:
        """Return the options with which dbt fails if what a task is for is gone.

        Elsewhere the file looks at dbt's results. Where people select it is no fault that
        something matches nothing, and a node that is gone among others is not missed.
        """
        by_name = isinstance(action, ir.Freshness) or action.granularity is not ir.Granularity.STEP
        if not (self.in_container and by_name):
            return []
        missed = '{"error": ["NoNodesForSelectionCriteria"]}'
        return [literal("--warn-error-options"), literal(missed)]

    def shared(self, project: ir.DbtProject, folder: Folder, name: str) -> Keywords:
        """Return what the operators of a dbt project share, in the order printed."""
        flags = self.flags(project, folder.name)
        given: dict[str, Code | None] = {"project_dir": Code(folder.name)}
        if self.in_container:
            given |= {"emit_datasets": literal(False), "dbt_cmd_flags": items(flags, beside=21)}
            return present(**given, **self._container())
        runner = Code("InvocationMode.DBT_RUNNER") if self.kind == "local" else None
        given |= {
            "profile_config": self.profile(project, folder.name),
            "invocation_mode": runner,
            "py_requirements": self.requirements,
            "cache_dir": joined("cache_dir", PurePosixPath(name), beside=18),
            "install_deps": literal(project.install_deps),
            "emit_datasets": literal(False),
            "dbt_cmd_flags": items(flags, beside=21),
            "callback": Code("check_lock"),
        }
        return present(**given)

    @property
    def requirements(self) -> Code | None:
        """The packages of the environment that dbt is installed in for a task."""
        wanted = [literal(text) for text in self.options.get("requirements", ())]
        return items(wanted, beside=23) if wanted else None

    def _container(self) -> dict[str, Code | None]:
        """Return what the operators of a container are told of it."""
        said = self.options

        def option(name: str) -> Code | None:
            return template(said[name], {}) if name in said else None

        if self.kind == "kubernetes":
            found = [_secret(name) for name in said["env_secrets"]]
            return {
                "image": option("image"),
                "cmds": Code('["dbt"]'),
                "namespace": option("namespace"),
                "service_account_name": option("service_account"),
                "secrets": items(found, beside=15) if found else None,
            }
        passed = "{\n    name: os.environ[name] for name in PASSED if name in os.environ\n}"
        return {
            "image": option("image"),
            "network_mode": option("network"),
            "private_environment": Code(passed) if self.passed else None,
            "mount_tmp_dir": literal(False),
            "auto_remove": literal("force"),
        }

    def profile(self, project: ir.DbtProject, folder: str) -> Code:
        """Return what tells Cosmos of a project's profile; its files lie below `folder`."""
        named = {
            "profile_name": literal(project.profile),
            "target_name": literal(project.target or "default"),
        }
        if project.name in self.profiles:
            mapped = self.profiles[project.name]
            given = {"conn_id": literal(mapped["connection"])}
            if mapped["args"]:
                fields = ir.Fields(tuple(mapped["args"].items()))
                given["profile_args"] = expression(fields, {})
            named["profile_mapping"] = _call(MAPPINGS[mapped["kind"]], given)
        else:
            file = PurePosixPath(project.profiles_dir, "profiles.yml")
            found = _profiles(project, folder, file, beside=31)
            assert found, "a file is below its folder"
            named["profiles_yml_filepath"] = found
        return _call("ProfileConfig", named)


def _profiles(project: ir.DbtProject, folder: str, path: PurePosixPath, beside: int) -> Code | None:
    """Return the expression for a path of the profiles; None if that is the project's folder."""
    if path == project.dir:
        return None
    inside = path.is_relative_to(project.dir)
    return joined(
        folder if inside else "ROOT", path.relative_to(project.dir) if inside else path, beside
    )


def _secret(name: str) -> Code:
    given = (literal("env"), literal(None), literal(name))
    return Code(f"Secret({arguments(given, {}, beside=17)})")


def _from(module: str, names: Iterable[str]) -> Code:
    start = f"from {module} import "
    return Code(start + imported(sorted(names), beside=len(start)))


def _call(callee: str, named: Mapping[str, Code]) -> Code:
    """Return a call with each argument on a line of its own."""
    lines = "".join(f"    {name}={indented(code, 4)},\n" for name, code in named.items())
    return Code(f"{callee}(\n{lines})")
