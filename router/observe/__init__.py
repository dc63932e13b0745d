"""What happened, as frozen events, and those who listen: metrics and logs. Never raises."""
