"""The tip inbox: mail as people send it, turned into drafts without harming the product or the people who write."""
