"""Public complaint data of the United States: by phone number (FTC) and by company (CFPB)."""
