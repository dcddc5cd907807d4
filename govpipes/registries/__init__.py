"""What is special to a base registry; everything else is generated from its `_registry.yaml`.

Here: a table of what follows an entity's fusion, one module per registry that needs one, the links between registries
(links), what golden records should not say together (rules), and the questions about one key (dossier).
Not here: anything that contracts and entities can say (items, authority, keys, derived columns).
"""

from govpipes.registries.fusing import AFTER, After, Findings, findings, fuse, reads

__all__ = ["AFTER", "After", "Findings", "findings", "fuse", "reads"]
