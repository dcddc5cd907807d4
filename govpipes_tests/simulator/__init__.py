"""Tests of govpipes.simulator."""
