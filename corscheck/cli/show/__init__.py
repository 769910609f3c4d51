"""Where results go: views, reports, previews."""
