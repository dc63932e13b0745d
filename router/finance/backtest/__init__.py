"""What another policy would have made of the jobs that were: replayed with the real choice."""
