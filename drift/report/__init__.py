"""A report as a page, as Markdown, as lines for a terminal."""
