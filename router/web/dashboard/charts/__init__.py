"""
Charts as inline SVG, drawn on the server. Each says in words what it shows, and stands by a table.

By hand, because no library of Python's that is kept well draws what a strict Content-Security-
Policy lets through: pygal writes a style sheet, a script and style attributes into every chart, and
gives none a role. These have neither, take their colours from the page's style sheet, and are never
told apart by colour alone: every series has a texture of its own too.

They hold no text but their title and description, so that they may be stretched to any width; what
is to be read beside them is HTML. The height stays, so textures are lines from left to right.
"""
