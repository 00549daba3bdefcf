"""The tip inbox worked by staff, and receipts for those who write."""
