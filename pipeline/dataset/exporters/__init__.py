"""Exporters, one a file: a dataset as a trainer reads it unmodified. ``pipeline.dataset.exporting`` runs them."""
