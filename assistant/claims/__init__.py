"""Claims: each sentence that a language model writes is checked against the passages that it cites."""
