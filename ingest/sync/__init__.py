"""Synchronisation: scan, plan, read, cut, embed, publish."""
