"""What is special to a base registry; everything else is generated from its `_registry.yaml`.

Here: a table of what follows an entity's fusion, and one module per registry that needs one.
Not here: anything that contracts and entities can say (items, authority, keys, derived columns).
"""

from govpipes.registries.fusing import AFTER, After, fuse, reads

__all__ = ["AFTER", "After", "fuse", "reads"]
