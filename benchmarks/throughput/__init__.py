"""How many points a second each detector judges, and others do."""
