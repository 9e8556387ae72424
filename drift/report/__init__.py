"""A drift report as people read it: a page, Markdown, lines of a terminal."""
