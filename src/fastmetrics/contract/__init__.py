"""The contract between counting and families: columns, roles, cells and the family itself."""
