"""`python -m govpipes.cli`: the same as the `govpipes` script, where that is not on the path."""

from govpipes.cli import main

main()
