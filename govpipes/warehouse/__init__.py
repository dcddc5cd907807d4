"""The warehouse: a DuckLake with its catalogue in PostgreSQL and its data in Parquet (DESIGN.md D3, D4).

Here: attaching and writing the lake under one lock per table, frozen releases, reading them with values masked.
Not here: what is written (pipeline, registries) and what it means (catalogue).
"""

from govpipes.warehouse.lake import LAKE, Column, Lake

__all__ = ["LAKE", "Column", "Lake"]
