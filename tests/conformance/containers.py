"""Run a generated DAG on the real Airflow, up to what an engine of containers is asked for.

There is no such engine: what its operators would send is written down, one JSON line a task.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
SOURCE, HOME = Path(sys.argv[1]), Path(os.environ["AIRFLOW_HOME"])
CLUSTER = """
{current-context: none, contexts: [{name: none, context: {cluster: none, user: none}}],
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: none, user: {}}]}
"""
(HOME / "cluster.yaml").write_text(CLUSTER)
os.environ["KUBECONFIG"] = str(HOME / "cluster.yaml")
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HOME / "dags")

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator  # noqa: E402
from airflow.providers.docker.operators.docker import DockerOperator  # noqa: E402
from airflow.utils.db import initdb  # noqa: E402
from kubernetes.client import ApiClient  # noqa: E402


def tell(task_id: str, **asked: object) -> None:
    """Write down what a task asks for."""
    print(json.dumps({"task": task_id, **asked}), file=ANSWERS, flush=True)


def container(self: DockerOperator, context: Any) -> None:
    """Tell what the daemon of Docker would be asked for."""
    tell(
        self.task_id,
        image=self.image,
        command=self.command,
        env={**self.environment, **self._private_environment},
        network=self.network_mode,
    )


def pod(self: KubernetesPodOperator, context: Any) -> None:
    """Tell what the API of Kubernetes would be asked for."""
    spec = ApiClient().sanitize_for_serialization(self.build_pod_request_obj(context))
    made = spec["spec"]["containers"][0]
    tell(
        self.task_id,
        image=made["image"],
        command=[*made["command"], *made["args"]],
        env={one["name"]: one.get("value") for one in made["env"]},
        secrets=[one["secretRef"]["name"] for one in made["envFrom"]],
        namespace=spec["metadata"]["namespace"],
        account=spec["spec"]["serviceAccountName"],
    )


DockerOperator.execute = container
KubernetesPodOperator.execute = pod
with contextlib.redirect_stdout(sys.stderr):
    initdb()
    (HOME / "dags").mkdir()
    link = HOME / "dags" / SOURCE.name
    shutil.copy(SOURCE, link)
    bag = DagBag(dag_folder=os.devnull, collect_dags=False)
    (dag,) = bag.process_file(str(link), only_if_updated=False)
    assert not bag.import_errors, bag.import_errors
    run = dag.test()
print(json.dumps({"state": str(run.state)}), file=ANSWERS, flush=True)
