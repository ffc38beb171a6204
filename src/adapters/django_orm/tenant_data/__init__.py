"""Everything of one owner as a file: exported, validated, imported and erased."""
