"""The stack on one machine: API Gateway, Lambda and AWS in one process, without Docker or an account."""
