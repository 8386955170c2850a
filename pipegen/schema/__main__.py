"""Write `schemas/` and the pages made of the models again: `python -m pipegen.schema`."""

from pipegen.resources import resource
from pipegen.schema import page, support, write

write(resource("schemas"))
page.write(resource("docs"))
support.write(resource("docs"))
