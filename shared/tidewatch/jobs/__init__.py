"""Jobs: work that takes longer than a request may, done by a worker and looked at while it goes on.

:class:`~tidewatch.jobs.jobs.Jobs` starts, shows, lists and cancels them. A kind of job is a name and a function, joined
in :class:`~tidewatch.jobs.kinds.JobKinds`; the worker calls the function through
:class:`~tidewatch.jobs.running.JobRunner`. Each module is imported by its own name: every function tells of the errors
of jobs, and few of them start or run any.
"""
