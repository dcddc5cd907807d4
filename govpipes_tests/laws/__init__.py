"""The laws of DESIGN.md D6 as properties: whatever happens to the same landed days, the warehouse is the same."""
