"""The store: catalog, vectors, generations, their integrity and recovery."""
