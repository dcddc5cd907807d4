"""What is special to a base registry; everything else is generated from its `_registry.yaml`.

Here: what follows an entity's fusion (fusing), one module per registry that needs one, the links between registries
(links), finding whom a record is about (subjects, matching) and deciding it (review), what golden records should not
say together (rules), and the questions about one key (dossier).
Not here: anything that contracts and entities can say (items, authority, keys, derived columns).
"""

from govpipes.registries.fusing import Findings, findings, fuse, reads

__all__ = ["Findings", "findings", "fuse", "reads"]
