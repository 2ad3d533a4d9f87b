"""Answers that a language model writes: prompt, limits, stream, and its text made safe."""
