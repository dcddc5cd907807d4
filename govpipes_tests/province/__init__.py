"""The whole path over the practice province: what must hold of a sync, scored against the simulator's truth."""
