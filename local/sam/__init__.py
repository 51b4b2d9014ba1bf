"""A stack for any SAM project on one machine: API Gateway, Lambda and AWS, without Docker or an account.

Nothing in here knows the project that it serves; ``local.sam.project.Project`` tells all that differs.
"""
