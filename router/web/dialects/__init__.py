"""The dialects: pure translations between a client's wire and the one `submit` and `watch`."""
