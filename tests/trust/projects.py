"""The projects of `hostile`: one of each feature of the language, chosen by a seed."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.trust.hostile import Case, Parts, Slot, Texts

TASKS = (
    *(
        "dag",
        "task",
        "os",
        "json",
        "flow",
        "key",
        "run_date",
        "context",
        "print",
        "class_",
        "match",
    ),
    *("import_", "subprocess", "httpx", "pendulum", "none", "self", "dg", "type", "run", "defs"),
    *("airflow", "prefect", "dagster", "conftest", "state", "main", "job", "schedule", "response"),
)
CALLABLES = ("json:dumps", "a.b.c:d", "os.path:join", "class_:match", "_x._y:_z", "dag.os:flow")
ARGUMENTS = ("self", "print", "timeout", "context", "type", "day", "run_date", "task", "id")
STEMS = (
    *("plain", "we\"ird 'name'", "coding: utf-7", "# fmt: off", "a # noqa", "é 日本", "-*- x -*-"),
    *("back\\slash", "{{ x }}", "%s", "x coding=latin-1", "{% raw %}", "${HOME}", "a'b\"c"),
)
ZONES = ("UTC", "Europe/Rome", "America/New_York", "Asia/Kolkata")
CRONS = ("0 5 * * 1-5", "*/15 * * * *", "0 0 1 1 *")
NUMBERS = (0, 1, -1, 10**17, -(10**17), 0.1, -0.0, 1e300, 1e-300, 2.5, True, False, None)


def case(seed: int) -> Case:
    """Return the project of a seed."""
    return _Maker(Random(seed)).case()


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.texts = Texts(random)
        self.variables: dict[str, Any] = {}
        self.arguments: dict[str, Any] = {}
        self.has_dbt = random.random() < 0.4
        self.has_dbt_cloud = random.random() < 0.4

    def case(self) -> Case:
        names = self.random.sample(TASKS, 8)
        sources = {name: self._task("loads") for name in names[:4]}
        activations = {name: self._task("reads") for name in names[4:6]}
        for task in activations.values():
            task["depends_on"] = self.random.sample(names[:4], 2)
        pipeline = {
            "version": 1,
            "pipeline": self.random.choice(("flow", "main", "json", "x" * 60, "airflow", "job")),
            "description": self.texts.slot(),
            "owner": self.texts.slot(),
            "tags": [self.texts.slot() for _ in range(self.random.randint(0, 3))],
            **({"schedule": self._schedule()} if self.random.random() < 0.7 else {}),
            "sources": sources,
            "activations": activations,
        }
        locks = self._dbt(pipeline, names[6]) if self.has_dbt else {}
        if self.has_dbt_cloud:
            pipeline.setdefault("transforms", {})[names[7]] = self._dbt_cloud()
        stem = self.random.choice(STEMS)
        files = {"pipegen.yaml": self._project(), f"pipelines/{stem}.yaml": pipeline}
        return Case(self.texts, files, locks, self.arguments)

    def _project(self) -> dict[str, Any]:
        url = self.texts.template(("${ENV:URL}",))
        connections = {"hook": {"kind": "http", "url": url, "token": "${ENV:TOKEN}"}}
        if self.has_dbt_cloud:
            account = self.texts.template(("${ENV:ACCOUNT}",))
            url = Parts((self.texts.slot(before_reference=True), "${ENV:HOST}"))
            cloud = {"kind": "dbt_cloud", "url": url, "account_id": account}
            connections["cloud"] = cloud | {"token": "${ENV:TOKEN}"}
        return {
            "version": 1,
            "project": "p",
            "backends": {"airflow": {}, "dagster": {}, "prefect": {}, "headless": {}},
            "connections": connections,
            "vars": self.variables,
            **({"dbt": {"projects": {"shop": self._dbt_project()}}} if self.has_dbt else {}),
        }

    def _dbt_project(self) -> dict[str, Any]:
        runtime = self.texts.template(("${ENV:D}",))
        return {"dir": "dbt/shop", "target": "prod", "runtime_dir": runtime}

    def _schedule(self) -> dict[str, Any]:
        schedule = {"cron": self.random.choice(CRONS), "timezone": self.random.choice(ZONES)}
        return schedule | ({"start": "2026-01-31"} if self.random.random() < 0.5 else {})

    def _task(self, data: str) -> dict[str, Any]:
        kind = self.random.choice((self._python, self._shell, self._http))
        extra: dict[str, Any] = {"description": self.texts.slot(), "owner": self.texts.slot()}
        if self.random.random() < 0.5:
            extra["tags"] = [self.texts.slot() for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.5:
            extra["retries"] = {"count": self.random.randint(0, 5), "delay": "90s"}
        if self.random.random() < 0.5:
            extra["timeout"] = self.random.choice(("1s", "90s", "999999d"))
        if data == "loads" and not self.has_dbt and self.random.random() < 0.3:
            extra["loads"] = [self.texts.slot(but=".") for _ in range(self.random.randint(1, 2))]
        return kind() | extra

    def _python(self) -> dict[str, Any]:
        names = self.random.sample(ARGUMENTS, self.random.randint(0, 3))
        args = {name: self._value(2) for name in names}
        for _ in range(self.random.randint(1, 3)):
            name = f"value_{len(self.arguments)}"
            self.arguments[name] = args[name] = self._value(0, references=False)
            if self.random.random() < 0.3:
                variable = f"var_{name}"
                self.variables[variable] = args[name]
                args[name] = f"${{var.{variable}}}"
        return {"kind": "python", "callable": self.random.choice(CALLABLES), "args": args}

    def _shell(self) -> dict[str, Any]:
        task: dict[str, Any] = {
            "kind": "shell",
            "command": [self._text() for _ in range(self.random.randint(1, 4))],
        }
        if self.random.random() < 0.6:
            task["env"] = {"NAME": self._text(), "_x": self._text()}
        if self.random.random() < 0.4:
            task["cwd"] = self._text()
        return task

    def _http(self) -> dict[str, Any]:
        task: dict[str, Any] = {"kind": "http", "connection": "hook", "path": self._text()}
        for key in ("headers", "query"):
            if self.random.random() < 0.6:
                task[key] = {self.texts.key(): self._text() for _ in range(2)}
        if self.random.random() < 0.7:
            task["body"] = self._value(0)
        return task

    def _dbt_cloud(self) -> dict[str, Any]:
        task: dict[str, Any] = {"kind": "dbt_cloud", "connection": "cloud", "job_id": self._text()}
        if self.random.random() < 0.6:
            task["steps_override"] = [self._text() for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.5:
            task["retries"] = {"count": 2, "delay": "90s"}
        if self.random.random() < 0.5:
            task["timeout"] = "90s"
        return task | {"description": self.texts.slot(), "owner": self.texts.slot()}

    def _text(self) -> Slot | Parts:
        return self.texts.slot() if self.random.random() < 0.5 else self.texts.template()

    def _value(self, depth: int, references: bool = True) -> Any:
        kind = self.random.random()
        if depth < 3 and kind < 0.2:
            return [self._value(depth + 1, references) for _ in range(self.random.randint(0, 3))]
        if depth < 3 and kind < 0.4:
            count = self.random.randint(0, 3)
            return {self.texts.key(): self._value(depth + 1, references) for _ in range(count)}
        if kind < 0.55:
            return self.random.choice(NUMBERS)
        return self._text() if references else self.texts.slot()

    def _dbt(self, pipeline: dict[str, Any], name: str) -> dict[str, Any]:
        """Add a transform, and the lock that says what it is: nobody asks dbt then."""
        select = [self.texts.slot(but="-") for _ in range(self.random.randint(1, 2))]
        exclude = [self.texts.slot(but="-") for _ in range(self.random.randint(0, 1))]
        granularity = self.random.choice(("model", "step"))
        pipeline["transforms"] = {
            name: {
                "project": "shop",
                "select": select,
                "exclude": exclude,
                "granularity": granularity,
                "description": self.texts.slot(),
                "depends_on": self.random.sample(sorted(pipeline["sources"]), 1),
            }
        }
        texts = self.texts
        ids = [texts.wild(".", "model.shop.") for _ in range(self.random.randint(1, 3))]
        nodes = {
            unique_id: {
                "name": f"node_{i}",
                "package": texts.wild(),
                "resource_type": "model",
                "version": None,
                "select": texts.wild(),
                "parents": [ids[i - 1]] if i else [],
            }
            for i, unique_id in enumerate(ids)
        }
        test = texts.wild(".", "test.shop.")
        tests = {
            test: {
                "name": "unique_it",
                "package": texts.wild(),
                "severity": self.random.choice(("error", "warn")),
                "select": texts.wild(),
                "parents": [ids[0]],
            }
        }
        lock = {
            "pipeline": pipeline["pipeline"],
            "projects": {
                "shop": {
                    "package": texts.wild(),
                    "profile": texts.wild(),
                    "nodes": nodes,
                    "tests": tests,
                }
            },
            "selections": {
                name: {
                    "project": "shop",
                    "select": select,
                    "exclude": exclude,
                    "indirect_selection": "eager",
                    "nodes": ids,
                    "tests": [test],
                    "fingerprint": "",
                }
            },
            "references": {},
        }
        return {f"pipegen.lock/{pipeline['pipeline']}.json": lock}
