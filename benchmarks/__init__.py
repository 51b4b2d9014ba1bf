"""What prints the project's figures. Nothing here is asserted: machines are noisy, so compare within one run."""
