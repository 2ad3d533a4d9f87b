"""The store: passages, catalog, vectors, generations and retrieval."""
