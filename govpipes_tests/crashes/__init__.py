"""What holds after kill -9, anywhere: the laws of DESIGN.md D6, and nothing left taken."""
