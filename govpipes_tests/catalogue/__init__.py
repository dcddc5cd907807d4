"""Tests of govpipes.catalogue: only what the contracts say; no source is read here."""
