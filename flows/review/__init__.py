"""Questions about doubtful mentions, answered by people: one by one, key by key, in a workbook, or in Prefect."""
