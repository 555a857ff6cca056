"""What changes while serving: events, memberships and the audit log, in a SQL database."""
