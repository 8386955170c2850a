"""Write `schemas/` again: `python -m pipegen.schema`."""

from pipegen.resources import resource
from pipegen.schema import write

write(resource("schemas"))
