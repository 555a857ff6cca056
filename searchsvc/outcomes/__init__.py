"""What was tried and what it brought: arms by recorded events, rankings by recorded choices."""
