"""Language and vision models behind the door ``ChatModel``: one a file."""
