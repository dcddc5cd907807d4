"""Orchestration: how people watch and drive the pipeline; the only package (with definitions.py) that imports dagster.

Here: assets, checks, partitions, jobs, schedules, sensors and runs, all made from the catalogue.
Not here: what a step does (pipeline, registries, warehouse) and anything a dataset is named in.
"""
