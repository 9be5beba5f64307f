"""What a person looks at: curves, a confusion matrix, tables, pictures with their letters."""
