"""Codecs: pure translations between a job and one provider's wire, and the list of them. No I/O."""
