"""Tests of govpipes.sources: every reader against a real source on loopback."""
