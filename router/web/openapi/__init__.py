"""`/openapi.json`: every route, written from the table that serves them."""
