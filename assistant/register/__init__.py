"""Questions on the register of supporters: read into filters and an operation, answered by counting."""
