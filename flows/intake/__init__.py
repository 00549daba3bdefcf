"""One source taken in: read, judged, linked, stored; and what its rows ask of people afterwards."""
