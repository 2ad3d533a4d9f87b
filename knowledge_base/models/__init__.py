"""Models: the embedder, the evidence network and the query adapter, verified and compiled."""
