"""The built functions under AWS's Runtime Interface Emulator: ``make run RUNTIME=lambda`` and ``make test-runtime``."""
