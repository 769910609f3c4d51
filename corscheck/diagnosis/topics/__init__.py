"""Topics: headers, terms, and what browsers, libraries and servers say beside CORS errors. ``registry`` holds them."""
