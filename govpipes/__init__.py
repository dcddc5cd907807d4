"""govpipes: government data, every day: collected, standardized, proved, fused and released once.

Only the version lives here; nothing is imported, so that `import govpipes` costs nothing.
"""

__version__ = "0.1.0"
