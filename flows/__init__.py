"""Order and effects: the night, one source again, alerts, mail, the command line. The only room that knows Prefect."""
