"""The whole tour: check, render for every back end, run on DuckDB, say where to look.

`python demo.py FOLDER`, where FOLDER holds the `pipegen` command. The message that the
pipeline posts goes to a server this script starts on the loopback interface.
"""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SHOP = Path(__file__).resolve().parent
POSTED: list[str] = []


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        POSTED.append(body.decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the pipeline tells its own story."""


def pipegen(folder: str, *arguments: str, hook: int) -> None:
    """Run a command of pipegen in the shop; stop the tour if it fails."""
    print(f"\n$ pipegen {' '.join(arguments)}", flush=True)
    environment = {**os.environ, "SHOP_HOOK_URL": f"http://127.0.0.1:{hook}"}
    command = [str(Path(folder) / "pipegen"), *arguments]
    done = subprocess.run(command, cwd=SHOP, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main(folder: str) -> None:
    """Take the tour."""
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for arguments in (["validate"], ["render"], ["run", "daily_sales"], ["run", "hourly_catalog"]):
        pipegen(folder, *arguments, hook=server.server_port)
    server.shutdown()
    here = SHOP.relative_to(Path.cwd()) if SHOP.is_relative_to(Path.cwd()) else SHOP
    print("\nposted to the hook:", *POSTED)
    print(f"\nWhat people write      {here}/pipelines/daily_sales.yaml")
    print(f"What it becomes        {here}/generated/airflow/dags/pg_daily_sales.py")
    print(f"                       {here}/generated/dagster/defs/pg_daily_sales.py")
    print(f"                       {here}/generated/prefect/flows/pg_daily_sales.py")
    print(f"What ran just now      {here}/generated/headless/run/pg_daily_sales.py")
    print(f"What it left behind    {here}/exports/ and {here}/dbt/shop.duckdb")


if __name__ == "__main__":
    main(*sys.argv[1:])
