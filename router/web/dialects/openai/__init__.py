"""OpenAI's images API: its requests and its answers, translated."""
