"""Tests of the command line: what is printed, and the exit codes."""
