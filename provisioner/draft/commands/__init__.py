"""Commands of the Salesforce CLI in scripts, workflows and texts, and what they do to an org."""
