"""How files become staged rows: formats, times, duplicates, rejects, hostile content."""
