"""Publishers with pages: finding every record, and reading what stands in one."""
