"""The `koll` command, one file per kind of use. Nothing here imports Prefect or Great Expectations until it must."""
