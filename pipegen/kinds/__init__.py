"""The kinds of task: for each, what it takes in the YAML and the action it is lowered to.

A kind is a model with a `kind` and an `action`. Back ends never see one.
"""
