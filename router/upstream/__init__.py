"""Travelling: how calls reach providers and come back, and everything dialled on a user's word."""
