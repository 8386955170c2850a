"""Specifications that together say all there is to say in the language."""

from __future__ import annotations

TASKS = """
version: 1
pipeline: tasks
description: Every kind of task
tags: [all]
partition: daily
timeout: 6h
max_parallel: 3
schedule: {cron: "0 5 * * *", timezone: Europe/Rome, start: "2026-01-01", catchup: true, overlap: skip, enabled: false}
params:
  anew: {type: boolean, default: false, description: Build anew}
defaults: {owner: nobody, retries: 1, timeout: 2h}
sources:
  erp: {kind: airbyte, connection: airbyte, connection_id: 7, loads: [raw.events], freshness: {on_stale: block}}
  crm: {kind: fivetran, connection: fivetran, connector_id: 8}
  rates:
    kind: python
    callable: shop.ingest:load
    args: {day: "{{ run.date }}"}
    outputs: [rows]
    description: The rates
    owner: somebody
    tags: [slow]
    depends_on: [erp]
    wait_for: [other]
    run_if: all_done
    allow_failure: true
    retries: {count: 4, delay: 30s, backoff: exponential, max_delay: 5m}
    timeout: 10m
    pool: few
  files: {kind: shell, command: [load, "{{ run.date }}"], env: {REGION: eu}, cwd: /srv}
  legacy: {kind: shell, script: load.sh}
transforms:
  models:
    project: lab
    select: "tag:first"
    exclude: users
    indirect_selection: cautious
    granularity: lineage
    tests: after_all
    vars: {schema: "${var.schema}"}
    target: test
    full_refresh: "{{ params.anew }}"
    threads: 4
    store_failures: true
    defer: {state_dir: state}
    env: {MODE: fast}
    overrides: [{select: events, retries: 7, timeout: 3h, pool: few}]
  again: {kind: dbt, project: lab, selector: nightly, granularity: step, allow_overlap: true, allow_empty: true}
  vacuum: {project: lab, command: run-operation, macro: vacuum, args: {full: true}}
  job: {kind: dbt_cloud, connection: cloud, job_id: 9, steps_override: [dbt build]}
  score: {kind: python, callable: shop.score:all, reads: [prices], loads: [raw.users]}
  index: {kind: sql, connection: db, sql: "select 1"}
  clean: {kind: shell, command: [clean]}
checks:
  fresh: {kind: http, connection: api, method: GET, path: /x, headers: {A: b}, query: {c: d}, body: {e: f}, expect: [404], if_false: skip, reads: [events]}
  some: {kind: sql, connection: db, file: some.sql}
activations:
  sync: {kind: hightouch, connection: hightouch, sync_id: 10, reads: [events]}
  send: {kind: census, connection: census, sync_id: 11}
slas:
  ready: {of: [events], ready_by: "08:00", severity: error, notify: [alerts]}
  young: {of: {select: events, project: lab}, max_age: 1d}
  named: {of: {models: [users]}, max_age: 1d}
  quick: {tasks: [erp], max_duration: 5m}
notifications:
  on_failure: [{channel: alerts, text: it failed}]
  on_success: [hook]
backends:
  prefect: {enabled: false, accept: []}
"""  # noqa: E501

AFTER = """
version: 1
pipeline: after_${each.name}
owner: everybody
for_each: [{name: one}]
schedule: {after: [other]}
sources: {x: {kind: shell, command: [x]}}
"""

UPDATED = """
version: 1
pipeline: updated
schedule: {on_update: {all: [events]}}
sources: {x: {kind: shell, command: [x]}}
"""

ANY = (
    UPDATED.replace("all:", "any:")
    + "transforms: {y: {project: lab, select: users, expand: runtime}}\n"
)
