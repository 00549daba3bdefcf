"""From counts to mails: deciding, answering, and what the rules would have sent."""
