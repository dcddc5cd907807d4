"""The tests of govpipes, laid out like the packages they test.

Every test runs real, tiny datasets through the real path, offline.
"""
