"""Use cases, one file each: what handlers, streams and workflows share. No HTTP and no AWS here."""
