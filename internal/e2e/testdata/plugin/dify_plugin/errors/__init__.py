"""Errors of the SDK."""
