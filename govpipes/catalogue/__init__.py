"""The catalogue 资源目录: contracts, entities, departments, and what is wrong with them.

Here: the contract model, the loader with its error messages, flat descriptions for people.
Not here: what a data element means (standards), reading sources, making SQL or assets of a contract.
"""

from govpipes.catalogue.loader import Catalogue, Problem, load_catalogue

__all__ = ["Catalogue", "Problem", "load_catalogue"]
