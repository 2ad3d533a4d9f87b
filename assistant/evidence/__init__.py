"""Evidence: which sentences of the retrieved passages answer a question, and whether any does."""
