"""Tests of the benchmark itself: its data are what it says, and its contestants do the same work."""
