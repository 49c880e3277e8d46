"""Sets of annotated articles: what an editor must fix, and how they are divided."""
