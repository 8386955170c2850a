"""`python -m pipegen`."""

import os
import sys

if sys.path[:1] in ([""], [os.getcwd()]):  # noqa: PTH109  (as little as can be is imported yet)
    del sys.path[0]  # where a project lies, and a module of it may be called as a library's

from pipegen.cli import main

main()
