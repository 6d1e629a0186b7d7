"""The one database: PostgreSQL, bundled or by URL."""
