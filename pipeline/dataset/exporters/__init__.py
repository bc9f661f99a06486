"""Exporters, one a file: a dataset as the files that a trainer reads unmodified. ``pipeline.dataset.exporting`` runs them."""
