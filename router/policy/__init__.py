"""Policies: YAML that finance can read, and the pure choice that follows from it. No network."""
