"""Tests of govpipes.postgres: a real server for each situation."""
