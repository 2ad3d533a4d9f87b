"""Answers questions with citations, in the browser and at the command line."""
