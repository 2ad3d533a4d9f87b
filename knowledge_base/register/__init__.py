"""The register of supporters: its table and the names in it."""
