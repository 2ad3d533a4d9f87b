"""Evaluation with a test set: how good the answers are, and whether a change made them worse."""
