"""AWS behind the ports of the inner rooms. Retries and the translation of AWS errors live here and nowhere else."""
