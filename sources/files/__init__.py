"""Files that authorities and people send: tables read within limits, as text and nothing but text."""
