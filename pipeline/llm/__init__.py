"""Language and vision models behind the door ``LanguageModel``: one a file."""
