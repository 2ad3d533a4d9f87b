"""Reads documents, cuts them into passages and publishes them into the knowledge base."""
