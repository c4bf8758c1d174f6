"""The page of `serve`: one file per view, its template and its static files."""
