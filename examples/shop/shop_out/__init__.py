"""Hand the web shop's marts to others."""
