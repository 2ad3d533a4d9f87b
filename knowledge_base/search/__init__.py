"""Search: what is embedded of a question, and the hybrid retriever."""
