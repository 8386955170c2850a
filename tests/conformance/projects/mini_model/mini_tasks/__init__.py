"""The tasks of the mini project, with faults on request."""
