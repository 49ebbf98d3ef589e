"""Sphinx's settings for the site. Nothing of it is loaded from elsewhere."""

project = "Verbatim"
html_title = project
# The site is the same bytes for everyone: there is no date, and no author's year.
project_copyright = ""
html_show_copyright = False

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns: list[str] = []

# As on a git host: headings can be linked to, and what is struck out is shown so.
myst_heading_anchors = 4
myst_enable_extensions = ["strikethrough"]
# A block without a language is what somebody types, or reads on the screen.
highlight_language = "text"

html_theme = "furo"
html_static_path = ["drawing.css"]
html_css_files = ["drawing.css"]
html_copy_source = False
html_use_index = False
html_show_sourcelink = False

# MyST strikes text out in HTML alone, and says so each time. HTML is all that is made here.
suppress_warnings = ["myst.strikethrough"]
