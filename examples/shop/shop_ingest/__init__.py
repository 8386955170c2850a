"""Bring the web shop's raw data into DuckDB."""
