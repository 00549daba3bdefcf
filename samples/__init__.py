"""The demo's small fictional world: static files, and the script that wrote them."""
