"""Where settings come from besides the environment: a file in TOML, and files of secrets."""
