"""The only door to dbt: its manifest, its lineage, and selections resolved by dbt-core itself."""
