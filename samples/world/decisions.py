"""All pages of the board's sites."""

from samples.world.decisions_new import NIX_V2
from samples.world.decisions_old import DM_2019, DM_WP, NIX_V1

PAGES = (*NIX_V2, *NIX_V1, *DM_2019, *DM_WP)
